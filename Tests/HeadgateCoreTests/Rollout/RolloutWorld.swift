@testable import HeadgateCore

/// A deterministic generator for tests by SplitMix64.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
    mutating func unit() -> Double { Double(next() >> 11) / Double(UInt64(1) << 53) }
}

/// How one version behaves on the fake target.
struct Behaviour: Equatable {
    var startTime = Duration.milliseconds(500)
    var neverReady = false
    /// Cannot become ready.
    var broken = false
    /// Dies so long after its first readiness.
    var diesAfter: Duration?
    /// Answers nothing any more so long after its start, though it says that it is ready.
    var hangsAfter: Duration?
    var errorRate = 0.0
}

/// A target that holds one Deployment: versions take time to start, and weight goes only to what is ready.
struct FakeTarget {
    var behaviours: [VersionID: Behaviour] = [:]
    var state: ServingState?
    var started: [VersionID: Instant] = [:]
    var traffic: [VersionID: TrafficStatistics] = [:]
    var served = Instant(milliseconds: 0)
    var requestsPerSecond = 100.0
    var weights: [VersionID: Int] = [:]
    /// Answers of the next writes; nil or nothing left accepts.
    var failures: [TargetError?] = []
    /// Most replicas that it holds.
    var capacity = Int.max
    var history: [(at: Instant, state: ServingState)] = []

    mutating func apply(_ state: ServingState, now: Instant) -> TargetError? {
        serve(until: now)
        if !failures.isEmpty, let failure = failures.removeFirst() { return failure }
        if state.versions.map(\.replicas).reduce(0, +) > capacity { return TargetError(.noCapacity, "no room") }
        self.state = state
        history.append((now, state))
        for version in state.versions where started[version.version] == nil { started[version.version] = now }
        for version in started.keys where !state.versions.contains(where: { $0.version == version }) {
            started[version] = nil
        }
        route(now)
        return nil
    }

    func phase(of version: VersionID, _ now: Instant) -> ObservedVersion.Phase {
        let behaviour = behaviours[version] ?? Behaviour()
        guard let started = started[version] else { return .stopped }
        if behaviour.broken { return .failed("exit code 1") }
        let ready = started + behaviour.startTime
        if behaviour.neverReady || now < ready { return .starting }
        if let life = behaviour.diesAfter, now >= ready + life { return .starting }
        return .ready
    }

    mutating func route(_ now: Instant) {
        guard let state else { return }
        let ready = state.weights.filter { $0.value == 0 || phase(of: $0.key, now) == .ready }
        // A version gains traffic only when it is ready; one that had it keeps it.
        let gaining = state.weights.filter { $0.value > (weights[$0.key] ?? 0) }
        if gaining.allSatisfy({ ready[$0.key] != nil }) { weights = state.weights }
    }

    /// Counts the requests since the last time.
    mutating func serve(until now: Instant) {
        let seconds = (now - served).inSeconds
        served = now
        for (version, weight) in weights where !hangs(version, now) {
            let requests = requestsPerSecond * seconds * Double(weight) / 100
            var statistics = traffic[version] ?? TrafficStatistics()
            statistics.requests += UInt64(requests)
            statistics.errors += UInt64(requests * (behaviours[version]?.errorRate ?? 0))
            traffic[version] = statistics
        }
        if let mirror = state?.mirror, !hangs(mirror.version, now) {
            var statistics = traffic[mirror.version] ?? TrafficStatistics()
            statistics.mirrored += UInt64(requestsPerSecond * seconds * Double(mirror.percent) / 100)
            statistics.agreed = statistics.mirrored
            traffic[mirror.version] = statistics
        }
    }

    func hangs(_ version: VersionID, _ now: Instant) -> Bool {
        guard let life = behaviours[version]?.hangsAfter, let started = started[version] else { return false }
        return started + life <= now
    }

    mutating func observe(now: Instant) -> ObservedServing {
        serve(until: now)
        route(now)
        var versions: [VersionID: ObservedVersion] = [:]
        for version in state?.versions ?? [] {
            let phase = phase(of: version.version, now)
            let isAsked =
                requestsPerSecond > 0
                && ((weights[version.version] ?? 0) > 0 || state?.mirror?.version == version.version)
            versions[version.version] = ObservedVersion(
                phase: phase, readyReplicas: phase == .ready ? version.replicas : 0, replicas: version.replicas,
                inFlight: isAsked ? hangs(version.version, now) ? 50 : 5 : 0)
        }
        return ObservedServing(
            versions: versions, weights: weights.filter { $0.value > 0 }, mirror: state?.mirror,
            routes: state?.routes ?? [], traffic: traffic)
    }
}

/// A rollout, a target, a gate and a judge on one clock; events follow at once or at the next deadline.
struct RolloutWorld {
    var rollout: Rollout
    var target = FakeTarget()
    var now = Instant(milliseconds: 1_000_000)
    var gate: (Admission) -> AdmissionAnswer? = { _ in .allowed }
    var judge: (CheckRequest) -> CheckAnswer? = { _ in .pass("fine") }
    var admissions: [Admission] = []
    var requests: [CheckRequest] = []
    var notes: [RolloutNote] = []
    var outcomes: [RolloutOutcome] = []
    /// Writes whose answers are lost on the way back.
    var losesAnswers = false
    /// Saves and loads the rollout at every fifth event, before anything that it asked for is done.
    var crashes = false
    /// Everything that went wrong with the invariants.
    var violations: Set<String> = []
    private var allowed = 0
    private var events = 0

    init(_ rollout: Rollout, serving champion: ServedVersion? = nil, behaviours: [VersionID: Behaviour] = [:]) {
        self.rollout = rollout
        target.behaviours = behaviours
        if let champion {
            target.behaviours[champion.version] = Behaviour(startTime: .zero)
            _ = target.apply(
                .steady(deployment: rollout.deployment, champion: champion, now: now), now: now)
            target.history = []
        }
        target.served = now
    }

    mutating func send(_ event: RolloutEvent) {
        var events = [event]
        while !events.isEmpty {
            let event = events.removeFirst()
            let effects = rollout.handle(event, now: now)
            if case .observed = event { checkThatRepeating(event) }
            self.events += 1
            if crashes, self.events % 5 == 0 { events += crash() }
            for effect in effects { events += perform(effect) }
        }
    }

    /// I5: the same observation twice changes nothing.
    private mutating func checkThatRepeating(_ event: RolloutEvent) {
        var copy = rollout
        let again = copy.handle(event, now: now)
        if !again.isEmpty || copy != rollout { violations.insert("an observation twice did something: \(again)") }
    }

    private mutating func crash() -> [RolloutEvent] {
        crashes = false
        guard let copy = roundTrip(rollout), copy == rollout else {
            violations.insert("the persisted value differs")
            return []
        }
        rollout = copy
        let events = rollout.handle(.recovered, now: now).flatMap { perform($0) }
        crashes = true
        return events
    }

    private mutating func perform(_ effect: RolloutEffect) -> [RolloutEvent] {
        switch effect {
        case .apply(let state, let write):
            check(state)
            let failure = target.apply(state, now: now)
            if losesAnswers { return [] }
            return [failure.map { .applyFailed(write: write, error: $0, jitter: 0.5) } ?? .applied(write: write)]
        case .admit(let admission):
            admissions.append(admission)
            guard let answer = gate(admission) else { return [] }
            if answer == .allowed { allow(admission.increase) }
            return [.admission(stage: admission.stage, answer: answer)]
        case .measure(let request):
            requests.append(request)
            return judge(request).map { [.measured(check: request.check.name, request: request.number, answer: $0)] }
                ?? []
        case .observe: return [.observed(target.observe(now: now))]
        case .record(let note):
            notes.append(note)
            return []
        case .finished(let outcome):
            outcomes.append(outcome)
            return []
        }
    }

    mutating func allow(_ increase: Admission.Increase) {
        if case .weight(_, let to) = increase { allowed = max(allowed, to) }
    }

    /// I1 and I7, looked at with every write.
    private mutating func check(_ state: ServingState) {
        if let flaw = state.flaw { violations.insert(flaw) }
        let candidate = rollout.candidate.version
        if state.weight(of: candidate) > allowed, candidate != rollout.champion?.version {
            // In batches the candidate is promoted already: what was allowed is the first share.
            let batches = rollout.stages.contains { $0.kind == .exchange }
            if !batches { violations.insert("weight \(state.weight(of: candidate)) was not allowed") }
        }
        guard let champion = rollout.champion, !rollout.strategy.isRecreate else { return }
        if state.stable != candidate {
            let replicas = state.versions.first { $0.version == champion.version }?.replicas
            if replicas != champion.replicas { violations.insert("the champion lost capacity before a promotion") }
        }
        if state.weight(of: candidate) > 0, target.phase(of: candidate, now) != .ready,
            state.weight(of: candidate) > target.weights[candidate] ?? 0
        {
            violations.insert("weight for a candidate that is not ready")
        }
    }

    /// Lets time pass until the rollout has ended, or for so long.
    mutating func run(for limit: Duration = .seconds(3600), until stop: (RolloutWorld) -> Bool = { _ in false }) {
        let end = now + limit
        // Late ticks are harmless, and nobody wants to watch a week of them.
        let pace: Duration = limit > .seconds(3600) ? limit / 2000 : .milliseconds(1)
        var turns = 0
        while let next = rollout.nextDeadline, next <= end, !stop(self) {
            turns += 1
            guard turns < 10_000 else {
                violations.insert("a loop without an end")
                return
            }
            now = max(next, now + pace)
            send(.tick)
        }
        if !stop(self), rollout.nextDeadline != nil { now = max(now, end) }
    }

    mutating func runUntil(stage name: String, _ phase: RolloutPhase) {
        run { $0.rollout.stage.name == name && $0.rollout.phase == phase }
    }

    /// The candidate's share in each write, and whether the champion runs: the shape of a rollout.
    var shape: [String] {
        target.history.map { _, state in
            let champion = rollout.champion.flatMap { champion in
                state.versions.first { $0.version == champion.version }?.replicas
            }
            let candidate = state.versions.first { $0.version == rollout.candidate.version }?.replicas
            let weights = [rollout.champion?.version, rollout.candidate.version].map {
                $0.map { String(state.weight(of: $0)) } ?? "-"
            }
            return "\(champion ?? 0)+\(candidate ?? 0) \(weights.joined(separator: "/"))"
        }
    }

    func noted(_ kind: RolloutNote.Kind) -> [String] { notes.filter { $0.kind == kind }.map(\.message) }
}

enum Sample {
    static let deployment: DeploymentID = {
        guard let source = SourceName("main"), let name = DeploymentName("wine") else { preconditionFailure() }
        return DeploymentID(source: source, name: name)
    }()

    static func version(_ text: String, replicas: Int = 1) -> ServedVersion {
        let digest = Digest.of(Array(text.utf8))
        let bundle = ServingBundle(
            artifact: TreeDigest(digest), artifactPath: "model", inputs: [], serve: nil, environment: nil,
            source: deployment.source)
        return ServedVersion(version: VersionID(digest), replicas: replicas, bundle: bundle)
    }

    static let champion = version("champion")
    static let candidate = version("candidate")

    static func check(
        _ name: String, minSamples: Int = 0, interval: Duration = .seconds(10), failureLimit: Int = 1,
        onInconclusive: CheckSpec.OnInconclusive = .pause
    ) -> CheckSpec {
        CheckSpec(
            name: name, expression: PolicyExpression("candidate.errorRate < 0.01"), minSamples: minSamples,
            interval: interval, failureLimit: failureLimit, onInconclusive: onInconclusive)
    }

    static func canary(_ steps: [CanaryStep], _ checks: [CheckSpec] = []) -> StrategySpec {
        StrategySpec(method: .canary(CanarySpec(steps: steps, checks: checks)))
    }

    static func world(
        _ strategy: StrategySpec, replicas: Int = 1, first: Bool = false, restoration: Bool = false,
        warm: [WarmVersion] = [], comparing: Set<String> = [], candidate behaviour: Behaviour = Behaviour()
    ) -> RolloutWorld {
        let champion = first ? nil : version("champion", replicas: replicas)
        let candidate = version("candidate", replicas: replicas)
        let rollout = Rollout(
            id: RolloutID(1), deployment: deployment, champion: champion, candidate: candidate, strategy: strategy,
            restoration: restoration, warm: warm, comparing: comparing)
        return RolloutWorld(rollout, serving: champion, behaviours: [candidate.version: behaviour])
    }
}
