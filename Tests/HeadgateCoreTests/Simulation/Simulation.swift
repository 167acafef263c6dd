@testable import HeadgateCore

/// The real reconciler in a world without I/O: one queue of events, ordered by time and then by arrival, and chance
/// from one seed.
///
/// `time` is the world's own; the process sees a wall clock that may jump.
struct Simulation {
    enum Item {
        case act(Act)
        /// The source is looked at; the number tells processes apart.
        case poll(process: Int)
        case looked(process: Int, CommitID?, ReconcileEvent?)
        case answer(process: Int, ReconcileEvent)
        case land(Write)
        case retryCommit(process: Int)
        case restart
    }

    /// A write on its way to a target.
    struct Write {
        enum Kind {
            case apply(ServingState)
            case remove
        }

        let process: Int
        let target: TargetName
        let deployment: DeploymentID
        let operation: OperationID
        let kind: Kind
    }

    private struct Entry {
        let at: Instant
        let order: Int
        let item: Item
    }

    let fault: PlantedFault?
    var ledger = SimulatedLedger()
    var git = SimulatedGit()
    var runner = SimulatedRunner()
    /// The serving systems, whatever the Targets are called that stand for them.
    var targets: [TargetName: SimulatedTarget] = [
        Names.left: SimulatedTarget(), Names.right: SimulatedTarget(), Names.annex: SimulatedTarget(),
    ]
    var watch = Watch()
    var trace = Trace()
    private(set) var time = Instant(milliseconds: 1_000_000_000)
    /// What the wall clock shows beyond `time`.
    private(set) var offset = Duration.zero
    /// Counts starts of the process; nil while it is down.
    private(set) var process: Int?
    private var starts = 0
    private(set) var reconciler: Reconciler?
    /// A decision that waits for the disk, and what arrived meanwhile.
    private var blocked: Decision?
    private var inbox: [ReconcileEvent] = []
    private var crash: (write: Int, effects: Int?)?
    private(set) var diskFullUntil: Instant?
    var answerFaults: [Act.AnswerFault: Instant] = [:]
    var checkFaults: (outcome: CheckAnswer.Outcome, until: Instant)?
    private var lastLanding: [DeploymentID: Instant] = [:]
    private var generator: SeededGenerator
    private var heap: [Entry] = []
    private var order = 0
    private(set) var events = 0
    private static let limit = 60_000

    static let settings = ReconcilerSettings(observeInterval: .seconds(60))
    static let host = HostFacts(operatingSystem: "linux", architecture: "x86_64")

    init(seed: UInt64, fault: PlantedFault? = nil) {
        self.fault = fault
        generator = SeededGenerator(seed: seed &* 0x2545_F491_4F6C_DD1D &+ 1)
        start()
    }

    var now: Instant { time + offset }
    var state: ReconcilerState { reconciler?.state ?? ReconcilerState() }
    var isDiskFull: Bool { diskFullUntil.map { $0 > time } ?? false }

    mutating func chance() -> Double { generator.unit() }

    mutating func milliseconds(_ range: ClosedRange<Int>) -> Duration {
        .milliseconds(Int.random(in: range, using: &generator))
    }

    // MARK: Time

    mutating func schedule(_ item: Item, after wait: Duration) {
        order += 1
        heap.append(Entry(at: time + wait, order: order, item: item))
        var child = heap.count - 1
        while child > 0, isBefore(child, (child - 1) / 2) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    private func isBefore(_ left: Int, _ right: Int) -> Bool {
        (heap[left].at, heap[left].order) < (heap[right].at, heap[right].order)
    }

    private mutating func popFirst() -> Entry {
        let first = heap[0]
        heap[0] = heap[heap.count - 1]
        heap.removeLast()
        var parent = 0
        while 2 * parent + 1 < heap.count {
            var least = 2 * parent + 1
            if least + 1 < heap.count, isBefore(least + 1, least) { least += 1 }
            guard isBefore(least, parent) else { break }
            heap.swapAt(parent, least)
            parent = least
        }
        return first
    }

    /// Lets the world go on until a time or the first finding.
    mutating func run(for duration: Duration) {
        let end = time + duration
        while watch.finding == nil {
            events += 1
            if events > Self.limit { found("I9: more events than any history needs: something turns in circles") }
            var deadline: Instant?
            if process != nil, blocked == nil {
                deadline = reconciler?.nextDeadline.map { Instant(milliseconds: $0.milliseconds - offset.milliseconds) }
            }
            if let due = deadline, due <= end, heap.first.map({ due < $0.at }) ?? true {
                time = max(time, due)
                receive(.tick)
            } else if let next = heap.first, next.at <= end {
                let entry = popFirst()
                time = max(time, entry.at)
                happen(entry.item)
            } else {
                time = end
                return
            }
        }
    }

    private mutating func happen(_ item: Item) {
        switch item {
        case .act(let act): perform(act)
        case .poll(let process):
            guard process == self.process else { return }
            look()
            schedule(.poll(process: process), after: .seconds(30))
        case .looked(let process, let commit, let event):
            guard process == self.process else { return }
            git.isLooking = false
            git.known = commit
            if let event { receive(event) }
            if git.isNudged {
                git.isNudged = false
                look()
            }
        case .answer(let process, let event): if process == self.process { receive(event) }
        case .land(let write): land(write)
        case .retryCommit(let process):
            guard process == self.process, let decision = blocked else { return }
            blocked = nil
            commit(decision)
        case .restart: start()
        }
    }

    // MARK: The process

    private mutating func start() {
        guard process == nil else { return }
        starts += 1
        process = starts
        git.forgetProcess()
        let contents = ledger.load()

        reconciler = Reconciler(
            contents: contents, host: Simulation.host, judge: fault?.judge ?? SimulatedJudge(),
            settings: fault?.settings ?? Simulation.settings)
        trace.add(time, "start \(starts)")
        receive(.started)
        if let process { schedule(.poll(process: process), after: .milliseconds(10)) }
    }

    /// Loses the process; it is started again after a while.
    mutating func die() {
        guard process != nil else { return }
        trace.add(time, "crash")
        process = nil
        reconciler = nil
        blocked = nil
        inbox = []
        crash = nil
        watch.reading = watch.inForce
        let wait = milliseconds(0...20_000)
        schedule(.restart, after: wait)
    }

    /// Tells the process something; nothing while it is down.
    mutating func receive(_ event: ReconcileEvent) {
        guard process != nil, reconciler != nil else { return }
        if blocked != nil {
            inbox.append(event)
            return
        }
        var event = event
        if case .snapshot(_, let snapshot) = event {
            watch.reading = snapshot.desired
            watch.contents = git.commit(snapshot.revision.commit)?.contents
        }
        if let fault {
            guard let changed = reconciler.flatMap({ fault.event(event, $0.state) }) else { return }
            event = changed
            reconciler?.tamper(fault.mind)
        }
        let (jitter, now) = (chance(), now)
        trace.add(time, event)
        watch.decided = time
        guard var decision = reconciler?.handle(event, now: now, jitter: jitter) else { return }
        fault?.decision(&decision)
        commit(decision)
    }

    private mutating func commit(_ decision: Decision) {
        if !decision.records.isEmpty {
            if isDiskFull {
                blocked = decision
                if let process { schedule(.retryCommit(process: process), after: .seconds(5)) }
                return
            }
            if var armed = crash {
                armed.write -= 1
                crash = armed
                if armed.write == 0 {
                    if let effects = armed.effects {
                        write(decision)
                        watch.inForce = watch.reading
                        for effect in decision.effects.prefix(effects) { carry(effect) }
                    }
                    die()
                    return
                }
            }
            write(decision)
        }
        watch.inForce = watch.reading
        for effect in decision.effects { carry(effect) }
        while blocked == nil, !inbox.isEmpty { receive(inbox.removeFirst()) }
    }

    private mutating func write(_ decision: Decision) {
        trace.add(time, decision)
        checkBefore(decision.records)
        if let refusal = ledger.commit(decision.records) { found(refusal) }
    }

    /// Answers the process, as far as the network lets it.
    mutating func answer(_ event: ReconcileEvent, after wait: Duration) {
        guard let process else { return }
        var wait = wait
        if has(.lost), chance() < 0.4 {
            trace.add(time, "lost answer")
            return
        }
        if has(.late), chance() < 0.5 { wait = wait + milliseconds(5_000...90_000) }
        if has(.reordered) { wait = wait + milliseconds(0...3_000) }
        schedule(.answer(process: process, event), after: wait)
        if has(.repeated), chance() < 0.5 {
            schedule(.answer(process: process, event), after: wait + milliseconds(1...5_000))
        }
    }

    private func has(_ fault: Act.AnswerFault) -> Bool { answerFaults[fault].map { $0 > time } ?? false }

    /// Sends a write on its way; writes for one Deployment land in their order.
    mutating func send(_ write: Write) {
        let isSlow = targets[write.target]?.has(.slow, time) ?? false
        let latency = isSlow ? milliseconds(5_000...40_000) : milliseconds(5...60)
        let landing = max(time + latency, (lastLanding[write.deployment] ?? time) + .milliseconds(1))
        lastLanding[write.deployment] = landing
        schedule(.land(write), after: landing - time)
    }

    private mutating func land(_ write: Write) {
        // What a dead process had sent may have arrived, or not.
        if write.process != process, chance() < 0.5 { return }
        let failure: TargetError?
        let time = time
        switch write.kind {
        case .apply(let state): failure = targets[write.target]?.apply(state, write.operation, time)
        case .remove: failure = targets[write.target]?.remove(write.deployment, time)
        }
        guard write.process == process else { return }
        switch write.kind {
        case .apply: answer(.applied(write.deployment, write.operation, failure), after: .milliseconds(5))
        case .remove: answer(.removed(write.deployment, write.operation, failure), after: .milliseconds(5))
        }
    }

    // MARK: What acts set

    mutating func arm(_ write: Int, _ effects: Int?) { crash = (write, effects) }
    mutating func jump(_ duration: Duration) { offset = offset + duration }
    mutating func fillDisk(for duration: Duration) { diskFullUntil = time + duration }

    /// Ends every fault.
    mutating func calm() {
        crash = nil
        diskFullUntil = nil
        answerFaults = [:]
        checkFaults = nil
        runner.faults = []
        git.faults = [:]
        for name in targets.keys { targets[name]?.faults = [:] }
    }
}
