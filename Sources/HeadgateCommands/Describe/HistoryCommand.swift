import ArgumentParser
import Foundation
import HeadgateAPI
import HeadgateCore

/// The command `headgate history DEPLOYMENT`.
struct HistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history", abstract: "Show the champions of a Deployment, newest first.")
    @Argument(help: "The Deployment's name.", completion: .deployments)
    var deployment: String
    @Option(name: [.short, .long], help: "table, wide, json or yaml.")
    var output = OutputFormat.table
    @OptionGroup var controller: ControllerOptions

    func run() async throws {
        let champions = try await controller.client()
            .get("/api/v1/deployments/\(deployment.inURL)/history", as: [Champion].self)
        let columns: [Column<Champion>] = [
            Column("VERSION") { $0.version.short },
            Column("SINCE") { TimeText.stamp($0.since) },
            Column("REVISION") { $0.revision.short },
            Column("RESTORED") { $0.restored ? "yes" : "" },
            Column("DIGEST", wide: true) { $0.version.description },
        ]
        if champions.isEmpty { Terminal.note("nothing has served on \(deployment) yet") }
        print(try Renderer.render(champions, columns, as: output))
    }
}

/// The command `headgate trace DEPLOYMENT`.
struct TraceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace", abstract: "From what serves back to commit, data, metrics and verdicts.")
    @Argument(help: "The Deployment's name.", completion: .deployments)
    var deployment: String
    @Option(name: [.short, .long], help: "table, json or yaml.")
    var output = OutputFormat.table
    @OptionGroup var controller: ControllerOptions

    func run() async throws {
        let trace = try await controller.client()
            .get("/api/v1/deployments/\(deployment.inURL)/trace", as: TraceResource.self)
        switch output {
        case .json: print(try Renderer.json(trace))
        case .yaml: print(try Renderer.yaml(trace))
        case .table, .wide: print(Self.lines(trace).map(Renderer.clean).joined(separator: "\n"))
        }
    }

    private static func lines(_ trace: TraceResource) -> [String] {
        let assessment = trace.assessment
        var lines = ["\(trace.deployment) serves \(trace.version.version)"]
        lines += Renderer.facts([
            ("since", TimeText.stamp(trace.champion.since) + (trace.champion.restored ? " (restored)" : "")),
            ("deployed", "\(trace.champion.revision)"), ("built at", "\(assessment.revision)"),
            ("commit", assessment.commit.subject),
            ("author", "\(assessment.commit.author.name) <\(assessment.commit.author.email)>"),
            ("signer", assessment.commit.signer ?? "not verified"), ("artifact", "\(trace.version.artifact.tree)"),
            ("params", assessment.params.sortedMembers.isEmpty ? nil : assessment.params.canonicalText),
        ]).map { "  \($0)" }
        lines += section("data", Renderer.facts(assessment.data.map { ($0.path, $0.digest) }))
        lines += section(
            "steps", Renderer.facts(assessment.steps.map { ($0.name.text, "key \($0.key.short)  run \($0.run)") }))
        lines += section(
            "metrics", Renderer.facts(assessment.metrics.sortedMembers.map { ($0.name, $0.value.canonicalText) }))
        return lines + section("verdicts", trace.verdicts.flatMap(Description.verdict).map { String($0.dropFirst(2)) })
    }

    private static func section(_ title: String, _ lines: [String]) -> [String] {
        lines.isEmpty ? [] : ["  \(title)"] + lines.map { "    \($0)" }
    }
}

extension String {
    /// With everything escaped that has a meaning in an address.
    var inURL: String { addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? self }
}
