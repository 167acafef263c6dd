package import HeadgateCore
package import Logging

/// All Open Inference targets of a state folder, made when they are first asked for.
///
/// Runs as one service; a target whose router's address changed is the same target with another router.
package actor OpenInferenceTargets {
    private struct Known {
        let target: OpenInferenceTarget
        let router: RouterSupervisor
        var spec: OpenInferenceTargetSpec
    }

    private let configuration: LocalTargetConfiguration
    private let filler: WorkspaceFiller
    private let logger: Logger
    private var known: [String: Known] = [:]
    private let arrivals = Arrivals<OpenInferenceTarget>()

    /// - Parameters:
    ///   - configuration: Where and how; as for local targets.
    ///   - store: Holds artifacts.
    ///   - sources: The mirrors that hold serve inputs.
    ///   - logger: Gets what an operator asks about.
    package init(
        configuration: LocalTargetConfiguration, store: any ObjectStore,
        sources: [SourceName: any SourceRepository], logger: Logger = Logger(label: "headgate.openinference")
    ) {
        self.configuration = configuration
        self.logger = logger
        filler = WorkspaceFiller(
            store: store, sources: sources,
            pins: PinFetcher(
                policy: configuration.runner.pins, store: store, folder: configuration.runner.state + "/pins"))
    }

    private var folder: String { configuration.runner.state + "/servers" }

    private func place(_ spec: OpenInferenceTargetSpec) -> String {
        folder + "/" + Digest.of(Array(spec.identity.utf8)).short
    }

    /// The target that a spec describes; the same one for the same servers and repository.
    package func target(_ spec: OpenInferenceTargetSpec) async throws(TargetError) -> OpenInferenceTarget {
        if let known = known[spec.identity], known.spec == spec { return known.target }
        do {
            try LocalFiles.createFolders(place(spec))
            try JSONFile.write(spec, to: place(spec) + "/target.json")
        } catch {
            throw TargetError(.unreachable, "cannot record the target: \(error)")
        }
        return try await make(spec)
    }

    /// Supervises every target until the task is cancelled, those of an earlier controller included.
    package func run() async {
        for spec in recorded where known[spec.identity] == nil { _ = try? await make(spec) }
        await arrivals.run { await $0.run() }
    }

    /// What the routers say; one that does not answer is left out.
    package func routers() async -> [RouterStatus] {
        await RouterSupervisor.statuses(of: known.values.map(\.router))
    }

    /// How often the routers were started again, by address.
    package func routerRestarts() async -> [String: ServerRestarts] {
        await RouterSupervisor.restarts(of: known.values.map(\.router))
    }

    private var recorded: [OpenInferenceTargetSpec] {
        LocalFiles.names(in: folder).compactMap {
            JSONFile.read(OpenInferenceTargetSpec.self, "\(folder)/\($0)/target.json")
        }
    }

    private func make(_ spec: OpenInferenceTargetSpec) async throws(TargetError) -> OpenInferenceTarget {
        let router = place(spec) + "/router"
        let command = configuration.routerCommand(spec.address, spec.port, router)
        if let known = known[spec.identity] {
            self.known[spec.identity]?.spec = spec
            await known.router.setCommand(command)
            return known.target
        }
        let servers = spec.endpoints.compactMap(InferenceServer.init)
        guard servers.count == spec.endpoints.count, !servers.isEmpty else {
            throw TargetError(.rejected, "an endpoint is not like http://host:port")
        }
        let supervisor = RouterSupervisor(
            folder: router, command: command, executable: configuration.runner.executable,
            searchPath: configuration.runner.searchPath, logger: logger)
        let context = InferenceContext(
            servers: servers,
            repository: ModelRepository(path: spec.repository, layout: spec.layout, filler: filler),
            router: supervisor, prefix: configuration.prefix, logger: logger)
        let target = OpenInferenceTarget(folder: place(spec), context: context)
        known[spec.identity] = Known(target: target, router: supervisor, spec: spec)
        arrivals.add(target)
        return target
    }
}
