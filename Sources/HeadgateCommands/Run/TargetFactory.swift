import HeadgateCore
import HeadgateProviders
import Logging
import ServiceLifecycle

/// Makes the providers of targets, and runs those that need to run.
struct TargetFactory: Service {
    private let local: LocalTargets
    private let openInference: OpenInferenceTargets
    private let exec: ExecTargets

    init(
        settings: ControllerConfiguration, root: String, executable: String, runner: RunnerConfiguration,
        store: any ObjectStore, repositories: [SourceName: any SourceRepository], environments: PythonEnvironments,
        logger: Logger
    ) throws {
        let single = repositories.count == 1
        let configuration = LocalTargetConfiguration(
            runner: runner, defaultPort: settings.router?.port ?? 0,
            prefix: { single ? "/\($0.name)" : "/\($0.source)/\($0.name)" })
        local = LocalTargets(
            configuration: configuration, store: store, sources: repositories, environments: environments,
            logger: logger)
        openInference = OpenInferenceTargets(
            configuration: configuration, store: store, sources: repositories, logger: logger)
        exec = ExecTargets(
            programs: try settings.targetPrograms(runner.searchPath), runner: runner, store: store,
            sources: repositories, logger: logger)
    }

    func target(_ reference: TargetReference) async throws(TargetError) -> any ServingTarget {
        switch reference.spec.provider {
        case .local(let spec): return try await local.target(spec)
        case .openInference(let spec): return try await openInference.target(spec)
        case .exec(let spec): return try await exec.target(reference.id, spec)
        }
    }

    /// What the routers of all targets say.
    func routers() async -> [RouterStatus] {
        let (local, open) = (await local.routers(), await openInference.routers())
        return local + open
    }

    /// How often the routers of all targets were started again, by address.
    func routerRestarts() async -> [String: ServerRestarts] {
        await local.routerRestarts().merging(await openInference.routerRestarts()) { first, _ in first }
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            async let servers: Void = openInference.run()
            async let programs: Void = exec.run()
            await local.run()
            _ = await (servers, programs)
        }
    }
}
