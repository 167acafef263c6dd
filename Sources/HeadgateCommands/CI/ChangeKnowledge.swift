import HeadgateCore
import HeadgateProviders

/// What is known besides the repository: results and champions that a controller or an earlier run published.
protocol ChangeKnowledge: Sendable {
    /// The accepted result of a Model's step; nil when nobody has published one that can be trusted.
    func result(of step: StepName, key: StepKey, in model: ModelID) async -> StepRecord?

    /// The version that serves, and when that was published.
    func champion(of deployment: DeploymentID) async -> (ChampionEvidence, published: Instant?)

    /// What a reader should know of what was not to be had.
    var notes: [String] { get async }

    /// The options that would let it know more; nil where it was given all there are.
    var way: String? { get }

    /// Why what was trained here is kept from others; nil when it is not.
    var unpublished: String? { get }
}

/// What a shared store holds, or nothing without one.
actor SharedKnowledge: ChangeKnowledge {
    private let shared: SharedStore?
    /// Why the store is not asked any more; nil while it answers.
    private var problem: String?
    /// Results that are not taken, in order.
    private(set) var notes: [String] = []

    init(_ shared: SharedStore?) { self.shared = shared }

    nonisolated var way: String? {
        guard let shared else { return "--store URL with the --trusted-key FILE of who publishes there" }
        return shared.trustsAnybody ? nil : "the --trusted-key FILE of who publishes to \(shared.name)"
    }

    nonisolated var unpublished: String? {
        guard let shared, !shared.canWrite else { return nil }
        return "what was trained is not published to \(shared.name): no signing key was given"
    }

    func result(of step: StepName, key: StepKey, in model: ModelID) async -> StepRecord? {
        guard let shared, shared.trustsAnybody, problem == nil else { return nil }
        do throws(StorageError) {
            guard let found = try await shared.result(of: key) else { return nil }
            return StepRecord(
                key: key, run: found.run, outcome: .succeeded(found.taken), recorded: found.result.ended)
        } catch {
            // A store that is away is told once, and not asked for every step.
            if error.code != .corrupted { problem = "results in the shared store are not known: \(error.message)" }
            notes.append(problem ?? shared.refusal(model, step, key, error))
            return nil
        }
    }

    func champion(of deployment: DeploymentID) async -> (ChampionEvidence, published: Instant?) {
        func unknown(_ why: String) -> (ChampionEvidence, published: Instant?) { (.unknown(why), nil) }
        guard let shared else { return unknown("no shared store was given that a controller publishes to") }
        guard shared.trustsAnybody else {
            return unknown("no trusted key was given, so nothing in \(shared.name) can be believed")
        }
        // A store that was away a moment ago is not waited for again.
        if let problem { return unknown(problem) }
        do throws(StorageError) {
            if let found = try await shared.champion(of: deployment) { return (found.champion, found.published) }
            let name = "\(deployment.source)/\(deployment.name)"
            return unknown("no controller has published a champion of \(name) to \(shared.name)")
        } catch {
            return unknown(error.message)
        }
    }
}
