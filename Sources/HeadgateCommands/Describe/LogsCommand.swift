import ArgumentParser
import Foundation
import HeadgateAPI
import HeadgateCore

/// The command `headgate logs RUN|MODEL[/STEP]|deployment/NAME [-f]`.
struct LogsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "Print the log of a run, of a model's newest run, or of a Deployment's server.",
        discussion: """
            `deployment/NAME` is the server of its champion, or of what `--version` names: of a version that is gone the \
            last log is kept a while. Targets whose servers Headgate does not start keep their logs where they run.
            """)
    @Argument(help: "A run's id, a model, model/step, or deployment/NAME.", completion: .logs)
    var name: String
    @Flag(name: [.short, .long], help: "Go on until the run or the server ends.")
    var follow = false
    @Option(help: "Only so many of the last lines, and what follows them.")
    var tail: Int?
    @Option(help: "Of a Deployment: a version's digest, or the beginning of it; by default the champion's.")
    var version: VersionArgument?
    @Option(help: "Of a Deployment: which of the version's servers, counted from 0.")
    var replica = 0
    @OptionGroup var controller: ControllerOptions

    /// What a name after `deployment/` is; nil for a name of another form.
    private var deployment: String? {
        let parts = name.split(separator: "/", maxSplits: 1)
        guard parts.count == 2, GetCommand.Resource(argument: String(parts[0])) == .deployments else { return nil }
        return String(parts[1])
    }

    func validate() throws {
        if let tail, !(0...100_000).contains(tail) { throw ValidationError("--tail must be 0 through 100000") }
        guard replica >= 0 else { throw ValidationError("--replica is counted from 0") }
        guard deployment != nil || (version == nil && replica == 0) else {
            throw ValidationError("--version and --replica are of a Deployment's server: write deployment/NAME")
        }
    }

    func run() async throws {
        let client = try controller.client()
        if let deployment {
            let runs = try await client.get("/api/v1/runs?limit=10000", as: [RunResource].self)
            // A Model may be called `deployment`.
            guard runs.contains(where: { $0.isNamed(name) }) else { return try await show(server: deployment, client) }
        }
        try await show(try await find(client), client)
    }

    // MARK: Runs

    private struct Chunk: Codable {
        var text: String
        var next: Int
        var ended: Bool
    }

    private func show(_ run: RunResource, _ client: APIClient) async throws {
        if run.run != name { Terminal.note("run \(run.run) of \(run.model)/\(run.step): \(run.state)") }
        var offset = 0
        // A log is bounded, so it may be read to find its last lines.
        var held = tail == nil ? nil : ""
        while true {
            let chunk = try await client.get("/api/v1/runs/\(run.run)/log?offset=\(offset)", as: Chunk.self)
            held?.append(chunk.text)
            if held == nil { print(chunk.text, terminator: "") }
            let isAtEnd = chunk.next == offset
            offset = chunk.next
            guard isAtEnd else { continue }
            if let text = held.take() { print(Self.last(tail ?? 0, of: text), terminator: "") }
            if chunk.ended || !follow { break }
            try await pause()
        }
        // What a log does not say: why a run ended that did not by itself.
        let ended = try await client.get("/api/v1/runs?limit=10000", as: [RunResource].self).first { $0.run == run.run }
        if let message = ended?.message { Terminal.note("run \(run.run) \(ended?.state ?? ""): \(message.summary)") }
    }

    private func find(_ client: APIClient) async throws -> RunResource {
        let runs = try await client.get("/api/v1/runs?limit=10000", as: [RunResource].self)
        if let newest = runs.filter({ $0.isNamed(name) }).max(by: { $0.started < $1.started }) { return newest }
        throw APIProblem(.notFound, "there is no run of \(name): a Deployment's server is deployment/NAME")
    }

    static func last(_ count: Int, of text: String) -> Substring {
        var left = count
        // What ends the last line begins none.
        var place = text.hasSuffix("\n") ? text.utf8.index(before: text.endIndex) : text.endIndex
        guard count > 0 else { return "" }
        while let end = text.utf8[..<place].lastIndex(of: UInt8(ascii: "\n")) {
            left -= 1
            if left == 0 { return text[text.utf8.index(after: end)...] }
            place = end
        }
        return text[...]
    }

    // MARK: Servers

    private func show(server deployment: String, _ client: APIClient) async throws {
        var query = "replica=\(replica)"
        if let version { query += "&version=\(version.text.inURL)" }
        let path = "/api/v1/deployments/\(deployment.inURL)/log"
        var part = try await client.get(
            "\(path)?\(query)\(tail.map { "&tail=\($0)" } ?? "")", as: ServerLogResource.self)
        let others = part.others.map { Columns.short($0) }.joined(separator: ", ")
        Terminal.note(
            "server \(part.replica) of version \(Columns.short(part.version)), \(part.role)"
                + (others.isEmpty || version != nil ? "" : "; there is --version \(others), too"))
        // Another version may become champion meanwhile.
        query = "replica=\(replica)&version=\(part.version.inURL)"
        while true {
            print(part.text, terminator: "")
            if part.text.isEmpty {
                if !follow { return }
                if part.ended { return Terminal.note("the server has ended") }
                try await pause()
            }
            do {
                part = try await client.get("\(path)?\(query)&after=\(part.next.inURL)", as: ServerLogResource.self)
            } catch let problem as APIProblem where problem.code == .refused || problem.code == .notFound {
                return Terminal.note("the server is gone: \(problem.message)")
            }
        }
    }

    /// A log is a file that a step or a server writes; nobody tells when.
    private func pause() async throws { try await Task.sleep(for: .milliseconds(200)) }
}
