import ArgumentParser
import Foundation
import HeadgateAPI
import HeadgateCore

/// The command `headgate get KIND [NAME]`.
struct GetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "List models, versions, deployments, runs, targets, policies or sources.",
        discussion: "Exits with 1 when a named object does not exist.")

    enum Resource: String, ExpressibleByArgument, CaseIterable {
        case models, versions, deployments, runs, targets, policies, sources

        init?(argument: String) {
            let aliases: [String: Resource] = [
                "model": .models, "version": .versions, "deployment": .deployments, "deploy": .deployments,
                "run": .runs, "target": .targets, "policy": .policies, "source": .sources,
            ]
            guard let resource = Resource(rawValue: argument) ?? aliases[argument] else { return nil }
            self = resource
        }
    }

    @Argument(help: "What to list.")
    var resource: Resource

    @Argument(help: "Only this one.")
    var name: String?

    @Option(name: [.short, .long], help: "table, wide, json or yaml.")
    var output = OutputFormat.table

    @Flag(name: [.short, .long], help: "List again whenever something changes.")
    var watch = false

    @OptionGroup var controller: ControllerOptions

    func run() async throws {
        let client = try controller.client()
        guard watch else {
            print(try await list(client))
            return
        }
        if resource == .deployments, let name, output == .table || output == .wide {
            try await watch(name, client)
        } else {
            try await watchList(client)
        }
    }

    private func watchList(_ client: APIClient) async throws {
        var screen = Screen()
        var last = ""
        while true {
            let text = try await list(client)
            if text != last, Terminal.isInteractive {
                screen.draw(text)
            } else if text != last {
                print(text)
                fflush(nil)
            }
            last = text
            try await Task.sleep(for: .milliseconds(500))
        }
    }

    /// Goes on over a restart of the controller, once it has seen the Deployment.
    private func watch(_ name: String, _ client: APIClient) async throws {
        var view = DeploymentWatch()
        var isKnown = false
        while true {
            do {
                let all = try await client.get("/api/v1/deployments", as: [DeploymentResource].self)
                if let one = all.first(where: { $0.name == name }) {
                    isKnown = true
                    view.show(one)
                } else if !isKnown {
                    Terminal.note("no deployments named \(name)")
                    throw ExitCode(1)
                }
            } catch  where isKnown && !(error is ExitCode) {}
            try await Task.sleep(for: .milliseconds(300))
        }
    }

    private func list(_ client: APIClient) async throws -> String {
        switch resource {
        case .models: try render(await client.get("/api/v1/models", as: [ModelResource].self), \.name, Columns.models)
        case .versions:
            try render(await client.get("/api/v1/versions", as: [VersionResource].self), \.version, Columns.versions)
        case .deployments:
            try await deployments(client)
        case .runs: try render(await client.get("/api/v1/runs", as: [RunResource].self), \.run, Columns.runs)
        case .targets:
            try render(await client.get("/api/v1/targets", as: [TargetResource].self), \.name, Columns.targets)
        case .policies:
            try render(await client.get("/api/v1/policies", as: [PolicyResource].self), \.name, Columns.policies)
        case .sources:
            try render(await client.get("/api/v1/status", as: StatusResource.self).sources, \.name, Columns.sources)
        }
    }

    private func deployments(_ client: APIClient) async throws -> String {
        let all = try await client.get("/api/v1/deployments", as: [DeploymentResource].self)
        if let name, let one = all.first(where: { $0.name == name }), output == .table || output == .wide {
            return DeploymentTree.draw(one)
        }
        return try render(all, \.name, Columns.deployments)
    }

    private func render<Row: Encodable>(
        _ rows: [Row], _ key: (Row) -> String, _ columns: [Column<Row>]
    ) throws -> String {
        guard let name else { return try Renderer.render(rows, columns, as: output) }
        let found = rows.filter { key($0) == name || key($0).hasPrefix("sha256:\(name)") }
        guard !found.isEmpty else {
            Terminal.note("no \(resource.rawValue) named \(name)")
            throw ExitCode(1)
        }
        return try Renderer.render(found, columns, as: output)
    }
}

/// The columns of every list.
enum Columns {
    static let models: [Column<ModelResource>] = [
        Column("NAME") { $0.name },
        Column("VERSION") { short($0.version) },
        Column("READY") { $0.conditions[.ready]?.status.rawValue ?? "Unknown" },
        Column("REVISION") { shortRevision($0.revision) },
        Column("FILE", wide: true) { $0.file },
        Column("MESSAGE") { $0.conditions[.ready]?.message ?? "" },
    ]
    static let versions: [Column<VersionResource>] = [
        Column("VERSION") { short($0.version) },
        Column("MODEL") { $0.model },
        Column("SERVING") { $0.serving.joined(separator: ",") },
        Column("SIZE") { byteText($0.artifact.size) },
        Column("REVISION", wide: true) { shortRevision($0.revision) },
        Column("AGE") { TimeText.age(since: $0.created) },
        Column("METRICS") { metricText($0.metrics) },
    ]
    static let deployments: [Column<DeploymentResource>] = [
        Column("NAME") { $0.name },
        Column("MODEL") { $0.model },
        Column("TARGET") { $0.target },
        Column("VERSION") { short($0.version) },
        Column("DESIRED") { short($0.desired) },
        Column("READY") { $0.conditions[.ready]?.status.rawValue ?? "Unknown" },
        Column("STRATEGY", wide: true) { $0.strategy },
        Column("ADDRESS") { $0.address ?? "" },
        Column("MESSAGE") { $0.conditions[.ready]?.message ?? "" },
    ]
    static let runs: [Column<RunResource>] = [
        Column("RUN") { $0.run },
        Column("MODEL") { $0.model },
        Column("STEP") { $0.step },
        Column("STATE") { $0.state },
        Column("TOOK") { run in TimeText.age(since: run.started, now: run.ended ?? .now) },
        Column("AGE") { TimeText.age(since: $0.started) },
        Column("KEY", wide: true) { short($0.key) },
        Column("MESSAGE") { $0.message ?? "" },
    ]
    static let targets: [Column<TargetResource>] = [
        Column("NAME") { $0.name },
        Column("TYPE") { $0.type },
        Column("DEPLOYMENTS") { String($0.deployments) },
        Column("FILE", wide: true) { $0.file },
    ]
    static let policies: [Column<PolicyResource>] = [
        Column("NAME") { $0.name },
        Column("AT") { $0.at.joined(separator: ",") },
        Column("ACTION") { $0.action },
        Column("RULES") { $0.rules.joined(separator: ",") },
        Column("GUARDS") { $0.guards.joined(separator: ",") },
        Column("DIGEST", wide: true) { short($0.digest) },
        Column("PROBLEM") { $0.problem ?? "" },
    ]
    static let sources: [Column<SourceResource>] = [
        Column("NAME") { $0.name },
        Column("REVISION") { shortRevision($0.revision) },
        Column("URL") { $0.url },
        Column("SUBJECT") { $0.subject ?? "" },
        Column("PROBLEM") { $0.problem ?? ($0.diagnostics.isEmpty ? "" : "\($0.diagnostics.count) diagnostics") },
    ]

    /// 12 digits of a digest.
    static func short(_ digest: String?) -> String {
        guard let digest else { return "-" }
        return String(digest.split(separator: ":").last?.prefix(12) ?? "-")
    }

    /// Such as `main@3f2a9c01b2c3`.
    static func shortRevision(_ revision: String?) -> String {
        guard let revision, let at = revision.range(of: "@sha1:") else { return revision ?? "-" }
        return revision[..<at.lowerBound] + "@" + revision[at.upperBound...].prefix(12)
    }

    static func byteText(_ bytes: Int64) -> String {
        switch bytes {
        case ..<1024: "\(bytes) B"
        case ..<1_048_576: "\(bytes / 1024) KiB"
        case ..<1_073_741_824: "\(bytes / 1_048_576) MiB"
        default: "\(bytes / 1_073_741_824) GiB"
        }
    }

    static func metricText(_ metrics: JSONValue) -> String {
        metrics.sortedMembers.prefix(4).map { "\($0.name)=\($0.value.canonicalText)" }.joined(separator: " ")
    }
}
