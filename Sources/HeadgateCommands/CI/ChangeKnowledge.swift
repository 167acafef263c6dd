import HeadgateCore
import HeadgateProviders

/// What is known besides the repository: results and champions that a controller or an earlier run published.
protocol ChangeKnowledge: Sendable {
    /// The accepted result of a key; nil when nobody has published one that can be trusted.
    func result(of key: StepKey) async -> StepRecord?

    func champion(of deployment: DeploymentID) async -> ChampionEvidence

    /// What a reader should know of what was not to be had.
    var notes: [String] { get async }
}

/// What a shared store holds, or nothing without one.
actor SharedKnowledge: ChangeKnowledge {
    private let shared: SharedStore?
    private let trains: Bool
    private var problems: [String] = []

    /// With `trains`, steps are run whose results are to be published.
    init(_ shared: SharedStore?, trains: Bool) {
        self.shared = shared
        self.trains = trains
    }

    var notes: [String] {
        guard let shared, trains, !shared.canWrite else { return problems }
        return problems + ["what was trained is not published to \(shared.name): no signing key was given"]
    }

    func result(of key: StepKey) async -> StepRecord? {
        guard let shared, shared.trustsAnybody, problems.isEmpty else { return nil }
        do throws(StorageError) {
            guard let found = try await shared.result(of: key) else { return nil }
            return StepRecord(
                key: key, run: found.run, outcome: .succeeded(found.taken), recorded: found.result.ended)
        } catch {
            note(error)
            return nil
        }
    }

    func champion(of deployment: DeploymentID) async -> ChampionEvidence {
        guard let shared else { return .unknown("no shared store was given that a controller publishes to") }
        guard shared.trustsAnybody else {
            return .unknown("no trusted key was given, so nothing in \(shared.name) can be believed")
        }
        // A store that was away a moment ago is not waited for again.
        if let problem = problems.first { return .unknown(problem) }
        do throws(StorageError) {
            return try await shared.champion(of: deployment)
                ?? .unknown(
                    "no controller has published a champion of \(deployment.source)/\(deployment.name) to \(shared.name)"
                )
        } catch {
            return .unknown(error.message)
        }
    }

    /// A store that is away is told once, and not asked for every step.
    private func note(_ error: StorageError) {
        guard error.code != .corrupted else { return }
        let text = "results in the shared store are not known: \(error.message)"
        if !problems.contains(text) { problems.append(text) }
    }
}
