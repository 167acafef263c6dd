import Foundation
import Subprocess

/// How a command of the program ended, and what it printed.
package struct CommandResult: Sendable, CustomStringConvertible {
    package let status: Int32
    package let output: String
    package let errors: String

    package init(status: Int32, output: String, errors: String) {
        self.status = status
        self.output = output
        self.errors = errors
    }

    /// The lines of the output without spaces at their ends.
    package var lines: [String] { output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) }

    package var description: String { "exit \(status)\n\(output)\n\(errors)" }
}

/// Runs the `headgate` program as people do.
package struct HeadgateProgram: Sendable {
    /// Where its commands run.
    package let folder: String
    /// What its environment has besides this process's; nil takes a variable away.
    package let environment: [String: String?]

    package init(in folder: String, environment: [String: String?] = [:]) {
        self.folder = folder
        self.environment = environment
    }

    /// Runs a command to its end.
    package func callAsFunction(_ arguments: String...) async throws -> CommandResult { try await run(arguments) }

    package func run(
        _ arguments: [String], program: String = HeadgateExecutable.path
    ) async throws -> CommandResult {
        let result = try await Subprocess.run(
            .name("env"), arguments: Arguments(["-C", folder, program] + arguments),
            environment: .inherit.updating(updates), output: .string(limit: 16 << 20), error: .string(limit: 1 << 20))
        return CommandResult(
            status: Self.code(result.terminationStatus), output: result.standardOutput, errors: result.standardError)
    }

    /// Runs a command that goes on until the body returns, then asks it to stop, and gives what it printed.
    package func during(
        _ arguments: [String], _ body: @Sendable (_ output: Lines) async throws -> Void
    ) async throws -> CommandResult {
        let name = "\(FileManager.default.temporaryDirectory.path)/headgate-\(UUID().uuidString)"
        let (output, errors) = ("\(name).out", "\(name).err")
        defer { for file in [output, errors] { try? FileManager.default.removeItem(atPath: file) } }
        let script = #"exec env -C "$1" "$2" "${@:5}" >"$3" 2>"$4""#
        let result = try await Subprocess.run(
            .name("bash"),
            arguments: Arguments(["-c", script, "-", folder, HeadgateExecutable.path, output, errors] + arguments),
            environment: .inherit.updating(updates), input: .none, output: .discarded, error: .discarded
        ) { execution in
            let outcome: Result<Void, any Error>
            do { outcome = .success(try await body(Lines(file: output, errors: errors))) } catch {
                outcome = .failure(error)
            }
            try? execution.send(signal: .terminate)
            return outcome
        }
        try result.closureResult.get()
        return CommandResult(
            status: Self.code(result.terminationStatus), output: Lines.read(output), errors: Lines.read(errors))
    }

    /// What a running command has printed so far.
    package struct Lines: Sendable {
        let file: String
        let errors: String

        package var output: String { Self.read(file) }
        package var talk: String { Self.read(errors) }

        static func read(_ file: String) -> String {
            String(decoding: FileManager.default.contents(atPath: file) ?? Data(), as: UTF8.self)
        }
    }

    private var updates: [Environment.Key: String?] {
        var updates: [Environment.Key: String?] = [:]
        for (name, value) in environment { updates[Environment.Key(stringLiteral: name)] = value }
        return updates
    }

    private static func code(_ status: TerminationStatus) -> Int32 {
        switch status {
        case .exited(let code): code
        case .signaled(let signal): 128 + signal
        }
    }
}

/// A controller that runs while a test does; what it started ends with it.
package struct TestController: Sendable {
    /// Its state folder.
    package let state: String
    /// The program, with this controller as its own.
    package let headgate: HeadgateProgram
    private let lines: HeadgateProgram.Lines

    /// What it has logged so far.
    package var log: String { lines.talk }

    /// Starts a controller, waits until it answers, runs the body and stops everything.
    ///
    /// - Parameters:
    ///   - arguments: Of `headgate run`, besides the state folder.
    ///   - folder: Where the state folder is made.
    ///   - environment: Of the controller and of commands, besides this process's.
    ///   - body: What is done meanwhile.
    /// - Throws: What the body throws, or that the controller does not answer.
    package static func during(
        _ arguments: [String], in folder: String, environment: [String: String?] = [:],
        _ body: @Sendable (TestController) async throws -> Void
    ) async throws {
        let state = "\(folder)/state"
        var variables = environment
        variables["HEADGATE_STATE"] = .some(state)
        variables["HEADGATE_ADDRESS"] = .some(nil)
        variables["HEADGATE_USER"] = .some("ada")
        variables["NO_COLOR"] = .some("1")
        let program = HeadgateProgram(in: folder, environment: variables)
        defer { Self.end(naming: state) }
        _ = try await program.during(["run", "--state", state] + arguments) { lines in
            let controller = TestController(state: state, headgate: program, lines: lines)
            guard try await eventually({ try await program("get", "sources").status == 0 }) else {
                throw GitFailure(message: "the controller does not answer: \(lines.talk)")
            }
            try await body(controller)
        }
    }

    /// Ends the shims below a folder, and with them what they run.
    private static func end(naming folder: String) {
        let marker = "internal\u{0}exec\u{0}\(folder)/"
        func shims() -> [pid_t] {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
            return names.compactMap { pid_t($0) }.filter { pid in
                let line = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline") ?? Data()
                return String(decoding: line, as: UTF8.self).contains(marker)
            }
        }
        for pid in shims() { kill(pid, SIGTERM) }
        let end = ContinuousClock.now + .seconds(30)
        while !shims().isEmpty, ContinuousClock.now < end { usleep(20_000) }
        for pid in shims() { kill(pid, SIGKILL) }
    }
}

/// Waits until something holds; false when it never did.
///
/// The limit is for machines that do much else.
package func eventually(
    within limit: Duration = .seconds(90), _ condition: () async throws -> Bool
) async rethrows -> Bool {
    let clock = ContinuousClock()
    let end = clock.now + limit
    while clock.now < end {
        if try await condition() { return true }
        try? await Task.sleep(for: .milliseconds(50))
    }
    return try await condition()
}
