import ArgumentParser
import Foundation
import HeadgateAPI
import HeadgateCore

/// The command `headgate events [--for KIND/NAME] [--watch]`.
struct EventsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events", abstract: "Show what happened, oldest first.")

    @Option(name: .customLong("for"), help: "Only events of this object, such as deployment/wine-quality.")
    var object: String?
    @Option(help: "How many at first.")
    var limit = 50
    @Flag(name: [.short, .long], help: "Go on with events as they happen.")
    var watch = false
    @Option(name: [.short, .long], help: "table, json or yaml.")
    var output = OutputFormat.table
    @OptionGroup var controller: ControllerOptions

    func run() async throws {
        let client = try controller.client()
        let filter = object.map { "&object=\(Self.canonical($0))" } ?? ""
        var events = try await client.get("/api/v1/events?limit=\(limit)\(filter)", as: [EventResource].self)
        try show(events)
        var last = events.last?.id ?? 0
        while watch {
            try await Task.sleep(for: .milliseconds(300))
            events = try await client.get("/api/v1/events?limit=500&after=\(last)\(filter)", as: [EventResource].self)
            try show(events)
            last = events.last?.id ?? last
        }
    }

    private func show(_ events: [EventResource]) throws {
        switch output {
        case .table, .wide: for event in events { print(Self.line(event)) }
        case .json: for event in events { print(try Renderer.json(event)) }
        case .yaml: print(try Renderer.yaml(events))
        }
        fflush(nil)
    }

    /// `deployment/x` as the ledger writes it: `Deployment/x`.
    static func canonical(_ object: String) -> String {
        let parts = object.split(separator: "/", maxSplits: 1).map(String.init)
        guard parts.count == 2,
            let kind = Kind.allCases.first(where: { $0.rawValue.lowercased() == parts[0].lowercased() })
        else { return object }
        return "\(kind.rawValue)/\(parts[1])"
    }

    static func line(_ event: EventResource) -> String {
        let logged = event.event
        return Renderer.clean(
            "\(TimeText.stamp(logged.at))  \(logged.severity.rawValue)  \(logged.reason)  "
                + "\(logged.object.map { "\($0)  " } ?? "")\(logged.message)")
    }
}

/// The command `headgate history DEPLOYMENT`.
struct HistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history", abstract: "Show the champions of a Deployment, newest first.")
    @Argument(help: "The Deployment's name.")
    var deployment: String
    @Option(name: [.short, .long], help: "table, wide, json or yaml.")
    var output = OutputFormat.table
    @OptionGroup var controller: ControllerOptions

    func run() async throws {
        let champions = try await controller.client()
            .get("/api/v1/deployments/\(deployment)/history", as: [Champion].self)
        let columns: [Column<Champion>] = [
            Column("VERSION") { $0.version.short },
            Column("SINCE") { TimeText.stamp($0.since) },
            Column("REVISION") { $0.revision.short },
            Column("RESTORED") { $0.restored ? "yes" : "" },
            Column("DIGEST", wide: true) { $0.version.description },
        ]
        print(try Renderer.render(champions, columns, as: output))
    }
}

/// The command `headgate trace DEPLOYMENT`.
struct TraceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace", abstract: "From what serves back to commit, data, metrics and verdicts.")
    @Argument(help: "The Deployment's name.")
    var deployment: String
    @Option(name: [.short, .long], help: "table, json or yaml.")
    var output = OutputFormat.table
    @OptionGroup var controller: ControllerOptions

    func run() async throws {
        let trace = try await controller.client()
            .get("/api/v1/deployments/\(deployment)/trace", as: TraceResource.self)
        switch output {
        case .json: print(try Renderer.json(trace))
        case .yaml: print(try Renderer.yaml(trace))
        case .table, .wide: print(Self.lines(trace).map(Renderer.clean).joined(separator: "\n"))
        }
    }

    private static func lines(_ trace: TraceResource) -> [String] {
        let assessment = trace.assessment
        var lines = [
            "\(trace.deployment) serves \(trace.version.version)",
            "  since     \(TimeText.stamp(trace.champion.since))" + (trace.champion.restored ? " (restored)" : ""),
            "  deployed  \(trace.champion.revision)", "  built at  \(assessment.revision)",
            "  commit    \(assessment.commit.subject)",
            "  author    \(assessment.commit.author.name) <\(assessment.commit.author.email)>",
            "  signer    \(assessment.commit.signer ?? "not verified")",
            "  artifact  \(trace.version.artifact.tree)", "  data",
        ]
        lines += assessment.data.map { "    \($0.path)  \($0.digest)" }
        lines.append("  steps")
        lines += assessment.steps.map { "    \($0.name)  key \($0.key.short)  run \($0.run)" }
        lines.append("  params    \(assessment.params.canonicalText)")
        lines.append("  metrics")
        lines += assessment.metrics.sortedMembers.map { "    \($0.name): \($0.value.canonicalText)" }
        lines.append("  verdicts")
        for verdict in trace.verdicts { lines += Description.verdict(verdict).map { "  \($0)" } }
        return lines
    }
}

/// The command `headgate logs RUN|MODEL[/STEP] [-f]`.
struct LogsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "Print the log of a run, or of the newest run of a model.")
    @Argument(help: "A run's id, a model, or model/step.")
    var name: String
    @Flag(name: [.short, .long], help: "Go on until the run ends.")
    var follow = false
    @OptionGroup var controller: ControllerOptions

    private struct Chunk: Codable {
        var text: String
        var next: Int
        var ended: Bool
    }

    func run() async throws {
        let client = try controller.client()
        let run = try await runID(client)
        var offset = 0
        while true {
            let chunk = try await client.get("/api/v1/runs/\(run)/log?offset=\(offset)", as: Chunk.self)
            print(chunk.text, terminator: "")
            fflush(nil)
            let isAtEnd = chunk.next == offset
            offset = chunk.next
            if isAtEnd {
                if chunk.ended || !follow { return }
                try await Task.sleep(for: .milliseconds(200))
            }
        }
    }

    private func runID(_ client: APIClient) async throws -> String {
        let runs = try await client.get("/api/v1/runs?limit=1000", as: [RunResource].self)
        if let exact = runs.first(where: { $0.run == name }) { return exact.run }
        let parts = name.split(separator: "/").map(String.init)
        let found = runs.filter { $0.model == parts[0] && (parts.count < 2 || $0.step == parts[1]) }
        guard let newest = found.max(by: { $0.started < $1.started }) else {
            Terminal.note("no run of \(name)")
            throw ExitCode(1)
        }
        return newest.run
    }
}
