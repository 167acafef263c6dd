import Foundation
import HeadgateTestSupport
import Testing

/// Commands whose standard output or standard error takes nothing.
@Suite(.timeLimit(.minutes(5))) struct StandardStreamTests {
    private let repository: TemporaryRepository

    init() async throws {
        repository = try await TemporaryRepository()
        try await repository.commit("Add the toy model", Toy.files(accuracy: "0.9"))
        try await repository.git("checkout", "-q", "-b", "topic")
        try await repository.commit(
            "Slip", ["headgate.yaml": Toy.manifest.replacing("target: local", with: "targt: local")])
        try await repository.git("checkout", "-q", "-b", "better", "main")
        try await repository.commit("Improve", ["data.txt": "0.95\n"])
        try await repository.git("checkout", "-q", "main")
    }

    /// Runs a line of a shell in which `headgate` is the program.
    private func run(_ line: String) async throws -> CommandResult {
        let script = #"headgate() { "$0" "$@"; }; "# + line
        return try await HeadgateProgram(in: repository.path)
            .run(["-c", script, HeadgateExecutable.path], program: "bash")
    }

    @Test(arguments: ["check -o json", "ci --base main", "schema Model", "--help", "policy list", "digest train.sh"])
    func `output that is lost is said and ends with 2`(_ command: String) async throws {
        let full = try await run("headgate \(command) >/dev/full")
        #expect(full.status == 2, "\(full)")
        #expect(full.errors.contains("standard output cannot be written: no space left on device"), "\(full)")
        let closed = try await run("headgate \(command) >&-")
        #expect(closed.status == 2 && closed.errors.contains("bad file descriptor"), "\(closed)")
    }

    @Test func `a reader that has read enough hears no complaint`() async throws {
        let result = try await run("headgate schema Model | head -c 1; echo; headgate ci --base main | true")
        #expect(result.errors.isEmpty && result.output.hasPrefix("{"), "\(result)")
    }

    @Test(arguments: [
        "check", "policy test", "ci --base main", "ci --base main --head better --train changed", "nonsense",
        "get models",
    ])
    func `nobody has to hear the talk`(_ command: String) async throws {
        let usual = try await run("headgate \(command)")
        for away in ["2>/dev/full", "2>&-", "2> >(exec true)"] {
            let result = try await run("headgate \(command) \(away)")
            #expect(result.status == usual.status, "\(away): \(result)")
        }
    }

    @Test func `a change that fails fails, whether its report can be written or not`() async throws {
        let refused = "headgate.yaml/report"
        for output in ["--report \(refused)", "-o junit=\(refused)", ">/dev/full", "-o text -o json >&-"] {
            let failed = try await run("headgate ci --base main --head topic \(output)")
            #expect(failed.status == 1 && failed.errors.contains("cannot be written: "), "\(failed)")
            #expect(!failed.errors.contains("Domain"), "\(failed)")
            let passed = try await run("headgate ci --base main \(output)")
            #expect(passed.status == 2 && passed.errors.contains("cannot be written: "), "\(passed)")
        }
        let others = try await run(
            "headgate ci --base main -o junit=\(refused) -o text -o sarif=../sarif.json --report ../all")
        #expect(others.status == 2 && others.output.contains("This change passes"), "\(others)")
        for file in ["sarif.json", "all/report.md"] {
            #expect(FileManager.default.fileExists(atPath: "\(repository.folder)/\(file)"))
        }
    }

    @Test func `a dash is standard output, and a missing file is named`() async throws {
        let dash = try await run("headgate ci --base main -o json=- -o text=../text")
        #expect(dash.status == 0 && dash.output.hasPrefix("{"), "\(dash)")
        #expect(!FileManager.default.fileExists(atPath: "\(repository.path)/-"))
        let missing = try await run("headgate ci --base main -o json=")
        #expect(missing.status == 64 && missing.errors.contains("json=: the file is missing"), "\(missing)")
        let own = try await run("headgate ci --base main -o text=/proc/self/fd/1 | cat")
        #expect(own.status == 0 && own.output.contains("This change passes"), "\(own)")
    }

    @Test func `no closed stream becomes a file that a command opens`() async throws {
        let result = try await run("headgate ci --base main -o json=../report.json -o text <&- >&- 2>&-")
        #expect(result.status == 2, "\(result)")
        let text = try String(contentsOfFile: "\(repository.folder)/report.json", encoding: .utf8)
        #expect(text.hasPrefix("{") && text.hasSuffix("}\n") && !text.contains("This change passes"), "\(text)")
    }
}
