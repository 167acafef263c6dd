import Testing

@testable import HeadgateCore

/// A mistake that is planted in the core, to see that the simulation finds it.
///
/// Production code knows nothing of it: a fault changes what the reconciler is told, what it knows, what it decides or
/// what it is set to, so that one of its safeguards is gone.
struct PlantedFault: Sendable, CustomTestStringConvertible {
    let name: String
    /// What the simulation must say is broken: one of these.
    let breaks: Set<String>
    var judge: (any Judge)?
    var settings: ReconcilerSettings?
    var event: @Sendable (ReconcileEvent, ReconcilerState) -> ReconcileEvent? = { event, _ in event }
    var mind: @Sendable (inout ReconcilerState) -> Void = { _ in }
    var decision: @Sendable (inout Decision) -> Void = { _ in }

    var testDescription: String { name }

    init(_ name: String, breaks: Set<String>, _ plant: (inout PlantedFault) -> Void) {
        self.name = name
        self.breaks = breaks
        plant(&self)
    }
}

extension PlantedFault {
    static let all: [PlantedFault] = writing + knowing + judging + reading + waiting

    // MARK: What is written and done

    private static let writing = [
        PlantedFault("a result is not written", breaks: ["I2", "I5"]) { fault in
            fault.decision = { decision in
                decision.records.removeAll { if case .step = $0 { true } else { false } }
            }
        },
        PlantedFault("a cancel is dropped", breaks: ["I4", "I9"]) { fault in
            fault.decision = { decision in
                decision.effects.removeAll { if case .cancelRun = $0 { true } else { false } }
            }
        },
        PlantedFault("the champion gives a replica for the candidate", breaks: ["I7"]) { fault in
            fault.decision = { decision in
                decision.effects = decision.effects.map { effect in
                    guard case .apply(let target, var serving, let operation) = effect, serving.versions.count > 1,
                        let index = serving.versions.firstIndex(where: { $0.version == serving.stable })
                    else { return effect }
                    serving.versions[index].replicas -= 1
                    return .apply(target, serving, operation)
                }
            }
        },
        PlantedFault("traffic does not wait for the candidate", breaks: ["I7", "I1", "I11"]) { fault in
            fault.decision = { decision in
                decision.effects = decision.effects.map { effect in
                    guard case .apply(let target, var serving, let operation) = effect,
                        let stable = serving.stable, serving.weights == [stable: 100],
                        let other = serving.versions.first(where: { $0.version != stable })
                    else { return effect }
                    serving.weights = [stable: 90, other.version: 10]
                    return .apply(target, serving, operation)
                }
            }
        },
    ]

    // MARK: What it knows

    private static let knowing = [
        PlantedFault("a hold is forgotten", breaks: ["hold"]) { fault in
            fault.mind = { state in for id in state.records.keys { state.records[id]?.holds = [] } }
        },
        PlantedFault("a step that succeeded is forgotten", breaks: ["I2"]) { fault in
            fault.mind = { $0.steps = [:] }
        },
        PlantedFault("the target that was left is forgotten", breaks: ["I5"]) { fault in
            fault.mind = { state in for id in state.records.keys { state.records[id]?.draining = nil } }
        },
        PlantedFault("a difference on the target is put off", breaks: ["I5", "I7"]) { fault in
            fault.mind = { state in
                let later = Instant(milliseconds: .max / 2)
                for id in state.records.keys {
                    state.drifting[id] = ReconcilerState.Drift(since: later, heals: 1, healAt: later)
                }
            }
        },
        PlantedFault("a refusal is forgotten", breaks: ["I2", "I6"]) { fault in
            fault.mind = { state in state.steps = state.steps.filter { $0.value.result != nil } }
        },
    ]

    // MARK: What it asks

    private static let judging = [
        PlantedFault("no gate is asked", breaks: ["I1", "I6", "I11", "I13"]) {
            $0.judge = WrongJudge(everything: true)
        },
        PlantedFault("an old pass counts under a stricter policy", breaks: ["I1"]) {
            $0.judge = WrongJudge(floor: 70)
        },
        PlantedFault("inconclusive counts as a pass", breaks: ["I6"]) { $0.judge = WrongJudge(inconclusive: true) },
    ]

    // MARK: What it is told

    private static let reading = [
        PlantedFault("a missing path is an empty repository", breaks: ["I8"]) { fault in
            fault.event = { event, state in
                guard case .sourceFailed(let source, let message) = event, message.contains("folder"),
                    let record = state.sources[source], let revision = record.revision, let commit = record.commit
                else { return event }
                return .snapshot(
                    source, Snapshot(revision: revision, commit: commit, desired: DesiredState(), changed: nil))
            }
        },
        PlantedFault("a file that cannot be read is an empty file", breaks: ["I8"]) { fault in
            fault.event = { event, _ in event.changing { $0.unreadable = [] } }
        },
        PlantedFault("a policy in error vanishes", breaks: ["I8", "I11"]) { fault in
            fault.event = { event, _ in event.changing { $0.quarantined = [:] } }
        },
        PlantedFault("a newer commit waits for the step that runs", breaks: ["I3", "I4", "I5"]) { fault in
            fault.event = { event, state in
                if case .snapshot = event, !state.keysByRun.isEmpty { return nil }
                return event
            }
        },
        PlantedFault("an error counts as a failure", breaks: ["I5", "I6"]) { fault in
            fault.event = { event, _ in
                guard case .stepEnded(let run, .errored(let error)) = event else { return event }
                return .stepEnded(run, .failed(exitCode: 1, message: error.message))
            }
        },
        PlantedFault("a failure counts as an error", breaks: ["I6"]) { fault in
            fault.event = { event, _ in
                guard case .stepEnded(let run, .failed(_, let message)) = event else { return event }
                return .stepEnded(run, .errored(StepError(.lost, message, mayRetry: true)))
            }
        },
    ]

    // MARK: How long it waits

    private static let waiting = [
        PlantedFault("nothing backs off", breaks: ["I6", "drift"]) { fault in
            var settings = Simulation.settings
            settings.retry = RetryPolicy(base: .milliseconds(1), cap: .milliseconds(1))
            fault.settings = settings
        },
        PlantedFault("what left the repository has no grace", breaks: ["I8"]) { fault in
            var settings = Simulation.settings
            settings.pruneGrace = .zero
            fault.settings = settings
        },
        PlantedFault("a lost answer is waited for for ever", breaks: ["I5", "I9", "I4"]) { fault in
            var settings = Simulation.settings
            settings.answerLimit = .seconds(1_000_000_000)
            fault.settings = settings
        },
    ]
}

/// A judge without one of its scruples.
private struct WrongJudge: Judge {
    var everything = false
    var inconclusive = false
    var floor: Double?
    private let judge = SimulatedJudge()

    init(everything: Bool = false, inconclusive: Bool = false, floor: Double? = nil) {
        self.everything = everything
        self.inconclusive = inconclusive
        self.floor = floor
    }

    func judge(_ policy: PolicyName, _ spec: PolicySpec, digest: PolicyDigest, on evidence: Evidence) -> Verdict {
        var spec = spec
        if let floor { spec.params["floor"] = .number(floor) }
        let verdict = judge.judge(policy, spec, digest: digest, on: evidence)
        guard everything || (inconclusive && verdict.outcome == .inconclusive) else { return verdict }
        return Verdict(
            policy: policy, policyDigest: digest, action: spec.action, moment: evidence.moment, outcome: .pass,
            evidenceDigest: verdict.evidenceDigest, isVolatile: false, rules: [], message: nil)
    }

    func check(_ policy: PolicyName, _ spec: PolicySpec) -> [Diagnostic] { [] }
    func check(_ strategy: StrategySpec) -> [Diagnostic] { [] }
    func answer(_ request: CheckRequest, queries: [String: QueryValue]) -> CheckAnswer {
        judge.answer(request, queries: queries)
    }
    func readsStable(_ check: CheckSpec) -> Bool { false }
    func isSatisfied(_ expression: PolicyExpression, by status: JSONValue) -> Bool? { nil }
}

extension ReconcileEvent {
    /// The same snapshot with something else in it.
    fileprivate func changing(_ change: (inout DesiredState) -> Void) -> ReconcileEvent {
        guard case .snapshot(let source, let snapshot) = self else { return self }
        var desired = snapshot.desired
        change(&desired)
        return .snapshot(
            source,
            Snapshot(revision: snapshot.revision, commit: snapshot.commit, desired: desired, changed: snapshot.changed))
    }
}

extension Reconciler {
    /// Changes what it knows behind its back.
    mutating func tamper(_ change: (inout ReconcilerState) -> Void) { change(&state) }
}
