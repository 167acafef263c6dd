import HeadgateCore
import HeadgateTestSupport
import Logging
import Synchronization

@testable import HeadgateController

/// A target that does as a closure says, and remembers in which order its writes began and ended.
struct ScriptedTarget: ServingTarget {
    let capabilities = TargetCapabilities.everything
    let journal = Journal()
    /// Runs between the beginning and the end of a write.
    var write: @Sendable (OperationID) async -> Void = { _ in }

    func apply(_ state: ServingState, operation: OperationID) async throws(TargetError) {
        await perform(operation)
        journal.hold(state)
    }

    func remove(_ deployment: DeploymentID, operation: OperationID) async throws(TargetError) {
        await perform(operation)
        journal.hold(nil)
    }

    func observe(_ deployment: DeploymentID) async throws(TargetError) -> ObservedServing { ObservedServing() }

    private func perform(_ operation: OperationID) async {
        journal.add("begin \(operation.number)")
        await write(operation)
        journal.add("end \(operation.number)")
    }
}

/// What happened, in order.
final class Journal: Sendable {
    private let state = Mutex((lines: [String](), held: ServingState?.none))

    var lines: [String] { state.withLock(\.lines) }
    /// The state that was written last.
    var held: ServingState? { state.withLock(\.held) }

    func add(_ line: String) { state.withLock { $0.lines.append(line) } }
    func hold(_ serving: ServingState?) { state.withLock { $0.held = serving } }
}

/// A runner all of whose runs had succeeded when they were cancelled.
struct FinishedRunner: StepRunner {
    let result = StepResult(
        outputs: [:], metrics: nil, started: Instant(milliseconds: 0), ended: Instant(milliseconds: 1))

    func run(_ launch: StepLaunch) async -> StepOutcome { .succeeded(result) }
    func cancel(_ launch: StepLaunch) async -> StepOutcome { .succeeded(result) }
    func discard(_ runs: [RunID]) async {}
}

struct NoMetrics: MetricProvider {
    func values(of queries: [MetricQuery], deadline: Duration) async -> [String: QueryValue] { [:] }
}

/// A ledger that writes once it is let.
actor GatedLedger: Ledger {
    private(set) var isAsked = false
    private(set) var isOpen = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    func load() async throws(LedgerError) -> LedgerContents { LedgerContents() }

    func commit(_ records: [LedgerRecord]) async throws(LedgerError) {
        isAsked = true
        if !isOpen { await withCheckedContinuation { waiting.append($0) } }
    }

    func open() {
        isOpen = true
        for continuation in waiting { continuation.resume() }
        waiting = []
    }
}

extension EffectRunner {
    /// A runner of effects for one target.
    init(_ target: ScriptedTarget) {
        self.init(
            runner: FinishedRunner(), targets: Targets { _ throws(TargetError) in target }, queries: NoMetrics(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }
}

/// Hangs, as a target may, until the task is cancelled.
func untilCancelled() async { try? await Task.sleep(for: .seconds(600)) }

/// A judge that nobody asks.
struct SilentJudge: Judge {
    func judge(_ policy: PolicyName, _ spec: PolicySpec, digest: PolicyDigest, on evidence: Evidence) -> Verdict {
        Verdict(
            policy: policy, policyDigest: digest, action: spec.action, moment: evidence.moment, outcome: .inconclusive,
            evidenceDigest: EvidenceDigest(Digest.of([])), isVolatile: false, rules: [], message: nil)
    }
    func check(_ policy: PolicyName, _ spec: PolicySpec) -> [Diagnostic] { [] }
    func check(_ strategy: StrategySpec) -> [Diagnostic] { [] }
    func answer(_ request: CheckRequest, queries: [String: QueryValue]) -> CheckAnswer { .inconclusive("") }
    func readsStable(_ check: CheckSpec) -> Bool { false }
    func isSatisfied(_ expression: PolicyExpression, by status: JSONValue) -> Bool? { nil }
}
