package import HeadgateCore
package import Logging

/// All local targets of a state folder: one for each router, made when they are first asked for.
///
/// Runs as one service, so that a target whose spec changed is the same target with other settings.
package actor LocalTargets {
    private struct Known {
        let target: LocalTarget
        let router: RouterSupervisor
        var spec: LocalTargetSpec
    }

    private let configuration: LocalTargetConfiguration
    private let filler: WorkspaceFiller
    private let environments: PythonEnvironments
    private let ports = PortRegister()
    private let logger: Logger
    private var known: [Int: Known] = [:]
    private let arrivals = Arrivals<LocalTarget>()

    /// - Parameters:
    ///   - configuration: Where and how.
    ///   - store: Holds artifacts.
    ///   - sources: The mirrors that hold serve inputs and requirements.
    ///   - environments: Shared with the step runner of the same state folder.
    ///   - logger: Gets what an operator asks about.
    package init(
        configuration: LocalTargetConfiguration, store: any ObjectStore,
        sources: [SourceName: any SourceRepository], environments: PythonEnvironments? = nil,
        logger: Logger = Logger(label: "headgate.local")
    ) {
        self.configuration = configuration
        self.logger = logger
        self.environments =
            environments ?? PythonEnvironments(configuration: configuration.runner, sources: sources)
        filler = WorkspaceFiller(
            store: store, sources: sources,
            pins: PinFetcher(
                policy: configuration.runner.pins, store: store, folder: configuration.runner.state + "/pins"))
    }

    private var folder: String { configuration.runner.state + "/targets" }

    /// The target that a spec describes; the same one for the same port.
    package func target(_ spec: LocalTargetSpec) async throws(TargetError) -> LocalTarget {
        if let known = known[spec.port], known.spec == spec { return known.target }
        let place = "\(folder)/\(spec.port)"
        do {
            try LocalFiles.createFolders(place)
            try JSONFile.write(spec, to: place + "/target.json")
        } catch {
            throw TargetError(.unreachable, "cannot record the target: \(error)")
        }
        return await make(spec)
    }

    /// Supervises every target until the task is cancelled, those of an earlier controller included.
    package func run() async {
        for spec in recorded where known[spec.port] == nil { _ = await make(spec) }
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

    private var recorded: [LocalTargetSpec] {
        LocalFiles.names(in: folder).compactMap {
            JSONFile.read(LocalTargetSpec.self, "\(folder)/\($0)/target.json")
        }
    }

    private func make(_ spec: LocalTargetSpec) async -> LocalTarget {
        let port = spec.port == 0 ? configuration.defaultPort : spec.port
        let place = "\(folder)/\(spec.port)"
        let command = configuration.routerCommand(spec.address, port, place + "/router")
        if let known = known[spec.port] {
            self.known[spec.port]?.spec = spec
            await known.target.setCapacity(spec.capacity)
            await known.router.setCommand(command)
            return known.target
        }
        let router = RouterSupervisor(
            folder: place + "/router", command: command, executable: configuration.runner.executable,
            searchPath: configuration.runner.searchPath, logger: logger)
        let context = LocalContext(
            configuration: configuration, filler: filler, environments: environments, router: router, ports: ports,
            logger: logger)
        let target = LocalTarget(folder: place, context: context, capacity: spec.capacity)
        known[spec.port] = Known(target: target, router: router, spec: spec)
        arrivals.add(target)
        return target
    }
}
