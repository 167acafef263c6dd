package import HeadgateCore

/// Takes results from a shared store before it has a step run, and publishes those of steps that it had run.
///
/// It decorates another runner, so that nobody else knows of the store. A store that cannot be reached costs a training,
/// never a failure.
package struct SharedStepRunner: StepRunner {
    private let inner: any StepRunner
    private let hasBegun: @Sendable (RunID) -> Bool
    private let shared: SharedStore
    private let store: any ObjectStore
    private let scratch: String
    private let note: @Sendable (Note) -> Void

    /// What people should know of a step and the store, in a sentence.
    package enum Note: Sendable {
        case taken(String)
        /// A result that was not taken or not published, and why.
        case refused(String)

        package var text: String {
            switch self {
            case .taken(let text), .refused(let text): text
            }
        }
    }

    /// - Parameters:
    ///   - runner: Runs what nobody has run.
    ///   - shared: Where results are taken from and published to.
    ///   - store: Gets the outputs of what is taken.
    ///   - scratch: A folder for what is on its way.
    ///   - note: Told what was taken and what went wrong.
    package init(
        _ runner: LocalStepRunner, shared: SharedStore, store: any ObjectStore, scratch: String,
        note: @escaping @Sendable (Note) -> Void
    ) {
        self.init(
            runner, hasBegun: { runner.hasBegun($0) }, shared: shared, store: store, scratch: scratch, note: note)
    }

    init(
        _ runner: any StepRunner, hasBegun: @escaping @Sendable (RunID) -> Bool, shared: SharedStore,
        store: any ObjectStore, scratch: String, note: @escaping @Sendable (Note) -> Void
    ) {
        inner = runner
        self.hasBegun = hasBegun
        self.shared = shared
        self.store = store
        self.scratch = scratch
        self.note = note
    }

    package func run(_ launch: StepLaunch) async -> StepOutcome {
        // A run that has begun is adopted, whatever others have published since (I5).
        if !hasBegun(launch.run), let taken = await take(launch) { return .succeeded(taken) }
        let outcome = await inner.run(launch)
        guard case .succeeded(let result) = outcome else { return outcome }
        return .succeeded(await publish(launch, result))
    }

    package func cancel(_ launch: StepLaunch) async -> StepOutcome { await inner.cancel(launch) }

    package func discard(_ runs: [RunID]) async { await inner.discard(runs) }

    private func take(_ launch: StepLaunch) async -> StepResult? {
        guard shared.trustsAnybody else { return nil }
        do throws(StorageError) {
            guard let found = try await shared.result(of: launch.key) else { return nil }
            return try await take(found, launch)
        } catch {
            note(.refused(shared.refusal(launch.model, launch.step, launch.key, error)))
            return nil
        }
    }

    private func take(_ found: SharedStore.Attested, _ launch: StepLaunch) async throws(StorageError) -> StepResult {
        guard Set(found.result.outputs.keys) == Set(launch.outputs),
            (found.result.metrics == nil) == (launch.metrics == nil)
        else { throw StorageError(.corrupted, "its result there lacks what the step declares") }
        try await shared.fetch(found.result, into: store, scratch: scratch)
        note(.taken("\(launch.model.name) \(launch.step): taken from \(shared.name), made by \(found.builder)"))
        return found.taken
    }

    /// Publishes a result; where another was first, that one is taken (I2).
    private func publish(_ launch: StepLaunch, _ result: StepResult) async -> StepResult {
        guard shared.canWrite else { return result }
        do throws(StorageError) {
            guard
                let first = try await shared.publish(launch, result, from: store, scratch: scratch)
            else { return result }
            return try await take(first, launch)
        } catch {
            note(
                .refused(
                    "\(launch.model.name) \(launch.step) (key \(launch.key.short)): not published to \(shared.name): "
                        + error.message))
            return result
        }
    }
}

extension SharedStore {
    /// That a step's result is not taken, and why, in a sentence.
    package func refusal(_ model: ModelID, _ step: StepName, _ key: StepKey, _ error: StorageError) -> String {
        "\(model.name) \(step) (key \(key.short)): not taken from \(name): \(error.message)"
    }
}

extension LocalStepRunner {
    /// Whether anything of a run is kept here.
    package func hasBegun(_ run: RunID) -> Bool { folder(run).exists }
}

extension SharedStore.Attested {
    /// The result as this machine keeps it: with who made it, and without the other's lock of the environment.
    package var taken: StepResult {
        StepResult(
            outputs: result.outputs, metrics: result.metrics, started: result.started, ended: result.ended,
            origin: StepOrigin(builder: builder, signer: signer))
    }
}
