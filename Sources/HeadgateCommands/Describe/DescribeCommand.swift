import ArgumentParser
import Foundation
import HeadgateAPI
import HeadgateCore

/// The command `headgate describe KIND NAME`.
struct DescribeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "describe", abstract: "Show one object in full: conditions, verdicts, events.")

    enum Subject: String, ExpressibleByArgument, CaseIterable {
        case model, deployment, version, policy
    }

    @Argument(help: "model, deployment, version or policy.")
    var kind: Subject
    @Argument(help: "The object's name, or a version's digest.")
    var name: String
    @Option(name: [.short, .long], help: "table, json or yaml.")
    var output = OutputFormat.table
    @OptionGroup var controller: ControllerOptions

    func run() async throws {
        let client = try controller.client()
        switch kind {
        case .model:
            let model = try find(await client.get("/api/v1/models", as: [ModelResource].self)) { $0.name == name }
            try await show(model, Description.of(model), object: "Model/\(name)", client)
        case .deployment:
            let found = try find(await client.get("/api/v1/deployments", as: [DeploymentResource].self)) {
                $0.name == name
            }
            try await show(found, Description.of(found), object: "Deployment/\(name)", client)
        case .version:
            let versions = try await client.get("/api/v1/versions", as: [VersionResource].self)
            let found = try find(versions) { $0.version == name || $0.version.hasPrefix("sha256:\(name)") }
            try await show(found, Description.of(found), object: nil, client)
        case .policy:
            let found = try find(await client.get("/api/v1/policies", as: [PolicyResource].self)) { $0.name == name }
            try await show(found, Description.of(found), object: "Policy/\(name)", client)
        }
    }

    private func find<Row>(_ rows: [Row], _ matches: (Row) -> Bool) throws -> Row {
        guard let found = rows.first(where: matches) else {
            Terminal.note("no \(kind.rawValue) named \(name)")
            throw ExitCode(1)
        }
        return found
    }

    private func show(_ value: some Encodable, _ lines: [String], object: String?, _ client: APIClient) async throws {
        switch output {
        case .json: print(try Renderer.json(value))
        case .yaml: print(try Renderer.yaml(value))
        case .table, .wide:
            print(lines.map(Renderer.clean).joined(separator: "\n"))
            guard let object else { return }
            let events = try await client.get("/api/v1/events?limit=10&object=\(object)", as: [EventResource].self)
            guard !events.isEmpty else { return }
            print("Events:")
            for event in events { print("  " + EventsCommand.line(event)) }
        }
    }
}

/// Objects as lines for people.
enum Description {
    static func of(_ model: ModelResource) -> [String] {
        var lines = [
            "Name:      \(model.name)", "Source:    \(model.source)", "File:      \(model.file)",
            "Revision:  \(Columns.shortRevision(model.revision))", "Version:   \(model.version ?? "-")",
            "Labels:    "
                + model.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ", "),
            "Policies:  " + model.policies.joined(separator: ", "), "Steps:",
        ]
        lines += model.steps.map {
            let name = $0.name.padding(toLength: 16, withPad: " ", startingAt: 0)
            return "  \(name) \($0.state)  key \(Columns.short($0.key))" + ($0.run.map { "  run \($0)" } ?? "")
        }
        if let metrics = model.metrics {
            lines.append("Metrics:")
            lines += metrics.sortedMembers.map { "  \($0.name): \($0.value.canonicalText)" }
        }
        return lines + conditions(model.conditions)
    }

    static func of(_ deployment: DeploymentResource) -> [String] {
        var lines = DeploymentTree.draw(deployment).split(separator: "\n").map(String.init)
        lines.append("File:      \(deployment.file)")
        lines.append("Desired:   \(deployment.desired ?? "-")")
        lines += conditions(deployment.conditions)
        lines.append("Verdicts:")
        for recorded in deployment.verdicts { lines += verdict(recorded) }
        return lines
    }

    static func of(_ version: VersionResource) -> [String] {
        [
            "Version:   \(version.version)", "Model:     \(version.model)", "Revision:  \(version.revision)",
            "Created:   \(TimeText.stamp(version.created))", "Artifact:  \(version.artifact.tree)",
            "Size:      \(Columns.byteText(version.artifact.size)) in \(version.artifact.fileCount) files",
            "Formats:   \(version.artifact.formats.joined(separator: ", "))",
            "Serving:   \(version.serving.joined(separator: ", "))", "Metrics:",
        ] + version.metrics.sortedMembers.map { "  \($0.name): \($0.value.canonicalText)" }
    }

    static func of(_ policy: PolicyResource) -> [String] {
        [
            "Name:      \(policy.name)", "File:      \(policy.file)", "Digest:    \(policy.digest)",
            "At:        \(policy.at.joined(separator: ", "))", "Action:    \(policy.action)",
            "Rules:     \(policy.rules.joined(separator: ", "))", "Guards:    \(policy.guards.joined(separator: ", "))",
        ] + (policy.problem.map { ["Problem:   \($0)"] } ?? [])
    }

    static func verdict(_ recorded: RecordedVerdict) -> [String] {
        let verdict = recorded.verdict
        var lines = [
            "  \(verdict.policy) (\(verdict.moment.rawValue)): \(verdict.outcome.rawValue)"
                + (recorded.overridden ? ", overridden" : "")
                + (recorded.version.map { " for \($0.short)" } ?? "") + (verdict.message.map { ": \($0)" } ?? "")
        ]
        for rule in verdict.rules {
            lines.append("    \(rule.name): \(rule.expression) → \(rule.outcome.rawValue)")
            lines += rule.values.map { "      \($0.expression) = \($0.value)" }
        }
        return lines
    }

    private static func conditions(_ conditions: [Condition]) -> [String] {
        ["Conditions:"]
            + conditions.map {
                "  \($0.kind.rawValue)=\($0.status.rawValue)  \($0.reason)  since \(TimeText.stamp($0.since))  \($0.message)"
            }
    }
}
