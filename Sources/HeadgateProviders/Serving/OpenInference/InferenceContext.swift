import HeadgateCore
import Logging

/// What all Deployments of one Open Inference target share.
struct InferenceContext: Sendable {
    let servers: [InferenceServer]
    let repository: ModelRepository
    let router: RouterSupervisor
    /// Where the router serves a Deployment, and what its models' names begin with.
    let prefix: @Sendable (DeploymentID) -> String
    let logger: Logger

    var layout: OpenInferenceTargetSpec.Layout { repository.layout }

    func model(_ version: VersionID, of deployment: DeploymentID) -> ServedModel {
        let name = prefix(deployment).split(separator: "/").joined(separator: ".")
        return ServedModel(deployment: name, version: version, layout: layout)
    }

    /// The recorded requests that travel with a version; nil when it has none.
    func requests(of bundle: ServingBundle) async throws -> RecordedRequests? {
        guard let path = bundle.serve?.warmup else { return nil }
        let plain = { (path: String) in path.split(separator: "/").filter { $0 != "." } }
        guard let input = bundle.inputs.first(where: { plain($0.path) == plain(path) }) else {
            throw StepError(.input, "the version lacks its recorded requests, \(path)", mayRetry: false)
        }
        guard let source = repository.filler.sources[bundle.source] else {
            throw StepError(.input, "source \(bundle.source) is not configured", mayRetry: false)
        }
        guard let bytes = try await source.read([input.entry.id], limit: 4 << 20)[input.entry.id] else {
            throw StepError(.input, "the recorded requests, \(path), cannot be read", mayRetry: true)
        }
        return try RecordedRequests(bytes)
    }
}
