import Glibc
package import HeadgateCore
import Synchronization

/// Runs steps as processes of this machine, each in a workspace of its own and under a shim.
///
/// Its isolation is `workspace`: a step sees its declared inputs, a bounded environment and its own HOME and TMPDIR,
/// but nothing keeps it from reading the rest of the machine.
package final class LocalStepRunner: StepRunner, Sendable {
    /// What it says of itself in provenance.
    package static let isolation = "workspace"

    let configuration: RunnerConfiguration
    let store: any ObjectStore
    let environments: PythonEnvironments
    private let filler: WorkspaceFiller
    private let secrets: @Sendable (String) -> String?
    private let places: Limiter
    private let turns = Turns<RunID>()
    /// Runs that are being prepared, and by what to stop that.
    private let preparations = Mutex<[RunID: Signal]>([:])

    /// - Parameters:
    ///   - configuration: Where and how.
    ///   - store: Holds inputs of earlier steps, and gets the outputs.
    ///   - sources: The mirrors that hold tracked inputs.
    ///   - environments: Shared with targets that serve from the same state folder.
    ///   - secrets: The value of a secret by name; nil when the configuration holds none.
    package init(
        configuration: RunnerConfiguration, store: any ObjectStore, sources: [SourceName: any SourceRepository],
        environments: PythonEnvironments? = nil, secrets: @escaping @Sendable (String) -> String? = { _ in nil }
    ) {
        self.configuration = configuration
        self.store = store
        self.secrets = secrets
        self.environments = environments ?? PythonEnvironments(configuration: configuration, sources: sources)
        filler = WorkspaceFiller(
            store: store, sources: sources,
            pins: PinFetcher(policy: configuration.pins, store: store, folder: configuration.state + "/pins"))
        places = Limiter(max(1, configuration.maxConcurrent))
    }

    /// The log of a run, which grows while it runs; it may not exist yet.
    package func logPath(_ run: RunID) -> String { folder(run).shim.logPath }

    /// The last lines that a run printed, within limits, secrets left out; empty when there are none.
    package func logTail(_ run: RunID) -> String { LocalFiles.tail(logPath(run)) }

    func folder(_ run: RunID) -> RunFolder { RunFolder(state: configuration.state, run: run) }

    /// What a caller gets whose task was cancelled: the run goes on, and is adopted by the next call.
    package static let interrupted = StepOutcome.errored(
        StepError(.lost, "nobody waits for this run any more; it goes on by itself", mayRetry: true))

    package func run(_ launch: StepLaunch) async -> StepOutcome {
        let folder = folder(launch.run)
        do {
            return try await turns.take(launch.run) { () async throws(CancellationError) -> StepOutcome in
                try await bring(launch, folder)
            }
        } catch {
            return Self.interrupted
        }
    }

    package func cancel(_ launch: StepLaunch) async -> StepOutcome {
        let folder = folder(launch.run)
        guard folder.exists else { return .cancelled }
        if let outcome = folder.outcome { return outcome }
        try? folder.markCancelled()
        preparations.withLock { $0[launch.run]?.raise() }
        folder.shim.terminate()
        // What waits for its place finds the mark when it gets one, and never begins.
        if folder.shim.state == .absent, preparations.withLock({ $0[launch.run] == nil }) { return .cancelled }
        // Its command may have ended just before: what it left is a result like any other.
        return await run(launch)
    }

    package func discard(_ runs: [RunID]) async {
        for run in runs {
            let folder = folder(run)
            guard !folder.shim.isAlive else { continue }
            try? await Blocking.run { () throws(SystemError) in try LocalFiles.remove(folder.path) }
        }
    }

    /// Takes a run from wherever it stands to its end.
    private func bring(_ launch: StepLaunch, _ folder: RunFolder) async throws(CancellationError) -> StepOutcome {
        if let outcome = folder.outcome { return outcome }
        switch folder.shim.state {
        case .absent:
            // Made first, so that a cancellation from now on finds the run.
            let isThere: Void? = try? LocalFiles.createFolders(folder.path)
            guard isThere != nil else {
                return .errored(StepError(.couldNotStart, SystemError("cannot create", folder.path)))
            }
            try await places.enter()
            defer { places.leave() }
            if let outcome = try await begin(launch, folder) { return record(outcome, folder) }
            return try await conclude(launch, folder)
        case .running:
            places.force()
            defer { places.leave() }
            return try await conclude(launch, folder)
        case .ended, .lost:
            return try await conclude(launch, folder)
        }
    }

    /// Prepares and starts a run; gives an outcome when it ended before it began.
    private func begin(_ launch: StepLaunch, _ folder: RunFolder) async throws(CancellationError) -> StepOutcome? {
        if folder.isCancelled { return .cancelled }
        let stop = Signal()
        preparations.withLock { $0[launch.run] = stop }
        defer { preparations.withLock { $0[launch.run] = nil } }
        do {
            return try await withThrowingTaskGroup(of: StepOutcome?.self) { group in
                group.addTask { try await self.start(launch, folder) }
                group.addTask {
                    await stop.wait()
                    try Task.checkCancellation()
                    return .cancelled
                }
                defer { group.cancelAll() }
                guard let first = try await group.next() else { return .cancelled }
                return first
            }
        } catch let error as StepError {
            return .errored(error)
        } catch let error as SystemError {
            return .errored(StepError(.couldNotStart, error))
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            return .errored(StepError(.couldNotStart, "\(error)", mayRetry: true))
        }
    }

    private func start(_ launch: StepLaunch, _ folder: RunFolder) async throws -> StepOutcome? {
        let secrets = try lookUp(launch.secrets)
        let workspace = Workspace(of: launch, root: folder.workspace)
        try await Blocking.run { () throws(SystemError) in
            try LocalFiles.remove(folder.workspace)
            try LocalFiles.remove(folder.shim.logPath)
        }
        let environment: PythonEnvironments.Prepared? =
            if let wanted = launch.environment {
                try await environments.ensure(wanted, progress: folder.shim.logPath)
            } else { nil }
        try folder.write(try await filler.fill(workspace, launch.inputs))
        try folder.write(
            RunFolder.Provenance(
                isolation: Self.isolation, command: launch.command, environmentLock: environment?.lock,
                searchPath: configuration.searchPath, prepared: SystemTime.now))
        try Task.checkCancellation()
        if folder.isCancelled { return .cancelled }
        let spec = ShimSpec(
            command: launch.command, directory: workspace.directory,
            environment: variables(launch, workspace, environment), mode: .once(timeout: launch.timeout),
            grace: configuration.grace, log: configuration.log, limits: configuration.limits)
        _ = try folder.shim.start(spec, secrets: secrets, executable: configuration.executable)
        // Told to stop between the last look and the start.
        if folder.isCancelled { folder.shim.terminate() }
        return nil
    }

    private func lookUp(_ names: [String]) throws(StepError) -> [String: String] {
        var values: [String: String] = [:]
        for name in names {
            guard let value = secrets(name) else {
                throw StepError(
                    .couldNotStart, "there is no secret \(name): \(configuration.secretAdvice(name))", mayRetry: true)
            }
            values[name] = value
        }
        return values
    }

    private func variables(
        _ launch: StepLaunch, _ workspace: Workspace, _ environment: PythonEnvironments.Prepared?
    ) -> [String: String] {
        var variables = StepVariables.base(configuration.searchPath, environment)
        variables["HOME"] = workspace.home
        variables["TMPDIR"] = workspace.temporary
        return variables.merging(launch.variables) { _, own in own }
    }

    private func record(_ outcome: StepOutcome, _ folder: RunFolder) -> StepOutcome {
        do {
            try folder.record(outcome)
        } catch {
            // Not recorded, so the next call comes to an outcome again.
            return .errored(StepError(.storage, "cannot record the run's outcome: \(error)", mayRetry: true))
        }
        try? LocalFiles.remove(folder.workspace)
        return outcome
    }

    /// Waits for the end of a run that was started, and makes an outcome of it.
    private func conclude(_ launch: StepLaunch, _ folder: RunFolder) async throws(CancellationError) -> StepOutcome {
        let exit: ShimExit?
        do {
            exit = try await folder.shim.ended()
        } catch {
            throw CancellationError()
        }
        guard let exit else {
            await Blocking.run { _ = folder.shim.endLeftovers() }
            if folder.isCancelled { return record(.cancelled, folder) }
            let message = "the process that watched the step was killed, or the machine was restarted"
            return record(.errored(StepError(.lost, message, mayRetry: true)), folder)
        }
        return record(try await outcome(of: exit, launch, folder), folder)
    }
}

/// Variables that every step and server gets.
enum StepVariables {
    static func base(_ searchPath: String, _ environment: PythonEnvironments.Prepared?) -> [String: String] {
        var variables = ["PATH": searchPath, "LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1"]
        if let environment {
            variables["PATH"] = environment.programs + ":" + searchPath
            variables["VIRTUAL_ENV"] = LocalFiles.parent(of: environment.programs)
        }
        return variables
    }
}
