import ArgumentParser
import Foundation
import HeadgateAPI
import HeadgateCore

/// A row that people name on the command line.
protocol Named: Sendable {
    /// The source that it is from, where that is part of its name.
    var sourceName: String? { get }
    /// What it is called.
    var names: [String] { get }
    /// Whether the beginning of a digest names it.
    var digest: String? { get }
}

extension Named {
    var digest: String? { nil }

    /// Whether a name, `SOURCE/NAME`, a digest or the beginning of one means this row.
    func isNamed(_ text: String) -> Bool {
        let prefix = sourceName.map { "\($0)/" } ?? ""
        if names.contains(where: { $0 == text || prefix + $0 == text }) { return true }
        guard let digest, text.count >= 4 else { return false }
        return digest.hasPrefix(text) || digest.hasPrefix("sha256:\(text)")
    }
}

extension Array where Element: Named {
    /// The one row that a name means; nil for none and for several.
    func only(_ name: String) -> Element? {
        let found = filter { $0.isNamed(name) }
        return found.count == 1 ? found.first : nil
    }

    /// The one row that a name means.
    ///
    /// - Throws: ``APIProblem`` that says there is none, or which there are.
    func one(_ kind: String, _ name: String) throws -> Element {
        let found = filter { $0.isNamed(name) }
        guard found.count <= 1 else {
            let names = found.map { row in row.digest ?? "\(row.sourceName ?? "")/\(row.names.first ?? "")" }
            throw APIProblem(.invalid, "\(name) could be \(names.joined(separator: " or ")): write which")
        }
        guard let row = found.first else { throw APIProblem(.notFound, "there is no \(kind) named \(name)") }
        return row
    }
}

extension ModelResource: Named {
    var sourceName: String? { source }
    var names: [String] { [name] }
}

extension DeploymentResource: Named {
    var sourceName: String? { source }
    var names: [String] { [name] }
}

extension TargetResource: Named {
    var sourceName: String? { source }
    var names: [String] { [name] }
}

extension PolicyResource: Named {
    var sourceName: String? { source }
    var names: [String] { [name] }
}

extension VersionResource: Named {
    var sourceName: String? { nil }
    var names: [String] { [model] }
    var digest: String? { version }
}

extension RunResource: Named {
    var sourceName: String? { source }
    var names: [String] { [run, model, "\(model)/\(step)"] }
}

extension SourceResource: Named {
    var sourceName: String? { nil }
    var names: [String] { [name] }

    /// What is wrong with it in a line; empty for nothing.
    var summary: String {
        if let problem { return problem }
        let errors = diagnostics.filter { $0.severity == .error }.count
        if errors > 0 {
            return "\(errors.counted("error")) in manifests: headgate describe source \(name)"
        }
        if !unconfirmed.isEmpty {
            let verb = unconfirmed.count == 1 ? "waits" : "wait"
            return "\(unconfirmed.count.counted("Deployment")) \(verb) for headgate prune \(name)"
        }
        return diagnostics.isEmpty ? "" : diagnostics.count.counted("warning")
    }
}

extension CompletionKind {
    /// The names that a running controller knows for the kind that stands before on the line.
    static var names: CompletionKind {
        .custom { words, _, _ in
            let kinds = words.compactMap { word in
                GetCommand.Resource(argument: String(word.split(separator: "/").first ?? ""))
            }
            return await Completion.names(of: kinds.first ?? .deployments)
        }
    }

    /// The names of Deployments.
    static var deployments: CompletionKind { .custom { _, _, _ in await Completion.names(of: .deployments) } }
    /// The names of policies.
    static var policies: CompletionKind { .custom { _, _, _ in await Completion.names(of: .policies) } }
    /// The names of sources.
    static var sources: CompletionKind { .custom { _, _, _ in await Completion.names(of: .sources) } }
    /// Models, steps of them, and Deployments.
    static var logs: CompletionKind {
        .custom { _, _, _ in
            guard let client = Completion.client,
                let models = try? await client.get("/api/v1/models", as: [ModelResource].self)
            else { return [] }
            return models.flatMap { model in [model.name] + model.steps.map { "\(model.name)/\($0.name)" } }
                + (await Completion.names(of: .deployments).map { "deployment/\($0)" })
        }
    }
    /// `model/NAME` and `deployment/NAME`.
    static var objects: CompletionKind {
        .custom { _, _, _ in
            await Completion.names(of: .models).map { "model/\($0)" }
                + Completion.names(of: .deployments).map { "deployment/\($0)" }
        }
    }
}

/// Asks a controller for names while a person types; silent, and soon given up.
enum Completion {
    static var client: APIClient? {
        guard let options = try? ControllerOptions.parse([]) else { return nil }
        return try? options.client(timeout: .seconds(1))
    }

    static func names(of resource: GetCommand.Resource) async -> [String] {
        guard let client else { return [] }
        func names<Row: Decodable & Named>(_ type: Row.Type) async -> [String] {
            let rows = (try? await client.get("/api/v1/\(resource)", as: [Row].self)) ?? []
            return rows.compactMap { row in row.digest.map { Columns.short($0) } ?? row.names.first }
        }
        switch resource {
        case .models: return await names(ModelResource.self)
        case .versions: return await names(VersionResource.self)
        case .deployments: return await names(DeploymentResource.self)
        case .runs: return await names(RunResource.self)
        case .targets: return await names(TargetResource.self)
        case .policies: return await names(PolicyResource.self)
        case .sources:
            let status = try? await client.get("/api/v1/status", as: StatusResource.self)
            return status?.sources.map(\.name) ?? []
        }
    }
}
