import ArgumentParser
import Foundation
import HeadgateAPI
import HeadgateCore

/// The command `headgate describe KIND NAME`.
struct DescribeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "describe", abstract: "Show one object in full: conditions, verdicts, events.")

    enum Subject: String, ExpressibleByArgument, CaseIterable {
        case model, deployment, version, run, target, policy, source

        init?(argument: String) {
            guard let resource = GetCommand.Resource(argument: argument) else { return nil }
            self.init(rawValue: resource.singular)
        }
    }

    @Argument(help: "model, deployment, version, run, target, policy or source.")
    var kind: Subject
    @Argument(
        help: "A name, SOURCE/NAME, a version's digest or its beginning, a run's id or MODEL/STEP.", completion: .names)
    var name: String
    @Option(name: [.short, .long], help: "table, json or yaml.")
    var output = OutputFormat.table
    @OptionGroup var controller: ControllerOptions

    func run() async throws {
        let client = try controller.client()
        func find<Row: Codable & Named>(_ path: String) async throws -> Row {
            try await client.get("/api/v1/\(path)", as: [Row].self).one(kind.rawValue, name)
        }
        switch kind {
        case .model:
            let model: ModelResource = try await find("models")
            try await show(model, Description.of(model), object: "Model/\(model.source)/\(model.name)", client)
        case .deployment:
            let found: DeploymentResource = try await find("deployments")
            try await show(found, Description.of(found), object: "Deployment/\(found.source)/\(found.name)", client)
        case .version:
            let version: VersionResource = try await find("versions")
            try await show(version, Description.of(version), object: nil, client)
        case .run:
            let runs = try await client.get("/api/v1/runs?limit=10000", as: [RunResource].self)
            guard let run = runs.first(where: { $0.isNamed(name) }) else {
                throw APIProblem(.notFound, "there is no run named \(name)")
            }
            try await show(run, Description.of(run), object: nil, client)
        case .target:
            let target: TargetResource = try await find("targets")
            let on = try await client.get("/api/v1/deployments", as: [DeploymentResource].self)
                .filter { $0.source == target.source && $0.target == target.name }
            try await show(
                target, Description.of(target, on), object: "Target/\(target.source)/\(target.name)", client)
        case .policy:
            let policy: PolicyResource = try await find("policies")
            try await show(policy, Description.of(policy), object: "Policy/\(policy.source)/\(policy.name)", client)
        case .source:
            let source = try await client.get("/api/v1/status", as: StatusResource.self).sources.one("source", name)
            try await show(source, Description.of(source), object: nil, client)
        }
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
            var columns = EventColumns(showsObject: false, showsDetails: true)
            for line in columns.lines(events) { print("  " + line) }
        }
    }
}
