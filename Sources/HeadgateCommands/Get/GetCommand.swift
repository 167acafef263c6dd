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

    @Argument(
        help:
            "Only this one: a name, SOURCE/NAME, the beginning of a digest, or a model whose runs or versions to list.",
        completion: .names)
    var name: String?

    @Option(name: [.short, .long], help: "table, wide, json or yaml.")
    var output = OutputFormat.table

    @Option(help: "How many runs, newest first.")
    var limit = 50

    @Flag(name: [.short, .long], help: "List again whenever something changes.")
    var watch = false

    @OptionGroup var controller: ControllerOptions

    func validate() throws {
        guard (1...10_000).contains(limit) else { throw ValidationError("--limit must be 1 through 10000") }
    }

    func run() async throws {
        let client = try controller.client()
        guard watch else {
            let text = try await list(client)
            if !text.isEmpty { print(text) }
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
                if !text.isEmpty { print(text) }
            }
            last = text
            // Counts and ages change without an event.
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
                if let one = all.only(name) {
                    isKnown = true
                    view.show(one)
                } else if !isKnown {
                    _ = try all.one("deployment", name)
                }
            } catch  where isKnown {}
            // Requests are counted without an event.
            try await Task.sleep(for: .milliseconds(300))
        }
    }

    private func list(_ client: APIClient) async throws -> String {
        switch resource {
        case .models: try await rows(client, Columns.models)
        case .versions: try await rows(client, Columns.versions)
        case .deployments: try await deployments(client)
        case .runs: try await rows(client, Columns.runs)
        case .targets: try await rows(client, Columns.targets)
        case .policies: try await rows(client, Columns.policies)
        case .sources:
            try render(await client.get("/api/v1/status", as: StatusResource.self).sources, Columns.sources)
        }
    }

    private func rows<Row: Codable & Named>(_ client: APIClient, _ columns: [Column<Row>]) async throws -> String {
        let query = resource == .runs ? "?limit=\(name == nil ? limit : 10_000)" : ""
        let all = try await client.get("/api/v1/\(resource)\(query)", as: [Row].self)
        return try render(all, columns)
    }

    private func deployments(_ client: APIClient) async throws -> String {
        let all = try await client.get("/api/v1/deployments", as: [DeploymentResource].self)
        if let name, let one = all.only(name), output == .table || output == .wide { return DeploymentTree.draw(one) }
        return try render(all, Columns.deployments)
    }

    private func render<Row: Encodable & Named>(_ rows: [Row], _ columns: [Column<Row>]) throws -> String {
        let severalSources = Set(rows.compactMap(\.sourceName)).count > 1
        var columns = columns
        if rows.contains(where: { $0.sourceName != nil }) {
            columns.insert(Column("SOURCE", wide: !severalSources) { $0.sourceName ?? "" }, at: 0)
        }
        guard let name else {
            if rows.isEmpty, output == .table || output == .wide {
                Terminal.note("there are no \(resource) yet")
                return ""
            }
            return try Renderer.render(rows, columns, as: output)
        }
        let found = rows.filter { $0.isNamed(name) }.prefix(resource == .runs ? limit : .max)
        guard !found.isEmpty else { throw APIProblem(.notFound, "there is no \(resource.singular) named \(name)") }
        return try Renderer.render(Array(found), columns, as: output)
    }
}

extension GetCommand.Resource {
    /// The word for one.
    var singular: String {
        switch self {
        case .models: "model"
        case .versions: "version"
        case .deployments: "deployment"
        case .runs: "run"
        case .targets: "target"
        case .policies: "policy"
        case .sources: "source"
        }
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
        Column("MESSAGE") { $0.conditions[.ready]?.message.summary ?? "" },
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
        Column("MESSAGE") { $0.conditions[.ready]?.message.summary ?? "" },
    ]
    static let runs: [Column<RunResource>] = [
        Column("RUN") { $0.run },
        Column("MODEL") { $0.model },
        Column("STEP") { $0.step },
        Column("STATE") { $0.state },
        Column("TOOK") { TimeText.span(from: $0.started, to: $0.ended ?? .now) },
        Column("AGE") { TimeText.age(since: $0.started) },
        Column("KEY", wide: true) { short($0.key) },
        Column("MESSAGE") { $0.message?.summary ?? "" },
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
        Column("PROBLEM") { $0.summary },
    ]

    /// 12 digits of a digest.
    static func short(_ digest: String?) -> String {
        guard let digest else { return "-" }
        return String(digest.split(separator: ":").last?.prefix(12) ?? "-")
    }

    /// Such as `main@3f2a9c01b2c3`.
    static func shortRevision(_ revision: String?) -> String {
        guard let revision, let at = revision.range(of: "sha1:", options: .backwards) else { return revision ?? "-" }
        return String(revision[..<at.lowerBound] + revision[at.upperBound...].prefix(12))
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
