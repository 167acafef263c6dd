@testable import HeadgateCore

/// A serving system: versions take a second to start, and weight moves only to what is ready.
struct SimulatedTarget {
    struct Held {
        var state: ServingState
        var since: [VersionID: Instant]
        var weights: [VersionID: Int]
        var operation: OperationID
    }

    private(set) var held: [DeploymentID: Held] = [:]
    /// Each fault, and until when.
    var faults: [Act.TargetFault: Instant] = [:]
    /// Versions that were ready at some time, for whoever asks whether traffic moved too early.
    private(set) var wasReady: [DeploymentID: Set<VersionID>] = [:]

    func has(_ fault: Act.TargetFault, _ time: Instant) -> Bool { faults[fault].map { $0 > time } ?? false }

    /// What is wrong with a call now.
    func failure(_ time: Instant) -> TargetError? {
        if has(.unreachable, time) { return TargetError(.unreachable, "nobody answers") }
        return nil
    }

    mutating func apply(_ state: ServingState, _ operation: OperationID, _ time: Instant) -> TargetError? {
        if let failure = failure(time) { return failure }
        if has(.refusing, time) { return TargetError(.rejected, "no such thing here") }
        if has(.deaf, time) { return nil }
        var present =
            held[state.deployment] ?? Held(state: state, since: [:], weights: [:], operation: OperationID(0))
        present.state = state
        present.operation = operation
        for version in state.versions where present.since[version.version] == nil {
            present.since[version.version] = time
        }
        present.since = present.since.filter { entry in state.versions.contains { $0.version == entry.key } }
        held[state.deployment] = present
        route(state.deployment, time)
        return nil
    }

    mutating func remove(_ deployment: DeploymentID, _ time: Instant) -> TargetError? {
        if let failure = failure(time) { return failure }
        if !has(.deaf, time) { held[deployment] = nil }
        return nil
    }

    mutating func forgetAll() { held = [:] }

    private func phase(_ since: Instant?, _ time: Instant) -> ObservedVersion.Phase {
        guard let since else { return .stopped }
        if has(.flapping, time), (time.milliseconds / 4000) % 2 == 0 { return .starting }
        return time - since >= .seconds(1) ? .ready : .starting
    }

    private mutating func route(_ deployment: DeploymentID, _ time: Instant) {
        guard var present = held[deployment] else { return }
        let gaining = present.state.weights.filter { $0.value > (present.weights[$0.key] ?? 0) }
        let mayMove = gaining.keys.allSatisfy { phase(present.since[$0], time) == .ready }
        if mayMove || present.weights.keys.contains(where: { present.since[$0] == nil }) {
            present.weights = mayMove ? present.state.weights : [:]
        }
        held[deployment] = present
    }

    mutating func observe(_ deployment: DeploymentID, _ time: Instant) -> ObservedServing {
        route(deployment, time)
        guard let present = held[deployment] else { return ObservedServing() }
        var versions: [VersionID: ObservedVersion] = [:]
        for version in present.state.versions {
            let phase = phase(present.since[version.version], time)
            if phase == .ready { wasReady[deployment, default: []].insert(version.version) }
            versions[version.version] = ObservedVersion(
                phase: phase, readyReplicas: phase == .ready ? version.replicas : 0, replicas: version.replicas)
        }
        return ObservedServing(
            versions: versions, weights: present.weights, mirror: present.state.mirror,
            routes: present.state.routes, address: "http://127.0.0.1/x")
    }
}

/// Passes a version whose accuracy reaches the policy's `floor`, and a check whose query gives no more than a tenth.
struct SimulatedJudge: Judge {
    private let threshold = ThresholdJudge()

    func judge(_ policy: PolicyName, _ spec: PolicySpec, digest: PolicyDigest, on evidence: Evidence) -> Verdict {
        threshold.judge(policy, spec, digest: digest, on: evidence)
    }

    func check(_ policy: PolicyName, _ spec: PolicySpec) -> [Diagnostic] { [] }
    func check(_ strategy: StrategySpec) -> [Diagnostic] { [] }

    func answer(_ request: CheckRequest, queries: [String: QueryValue]) -> CheckAnswer {
        switch queries["errors"] {
        case .number(let rate): rate <= 0.1 ? .pass("few errors") : .fail("many errors")
        case .missing, nil: .inconclusive("nobody measured")
        }
    }

    func readsStable(_ check: CheckSpec) -> Bool { false }
    func isSatisfied(_ expression: PolicyExpression, by status: JSONValue) -> Bool? { nil }
}
