@testable import HeadgateCore

extension Simulation {
    /// Begins an effect; its outcome comes back as an event, if it does.
    mutating func carry(_ effect: Effect) {
        guard let process else { return }
        checkBefore(effect)
        switch effect {
        case .runStep(let launch): run(launch)
        case .cancelRun(let launch):
            answer(.stepEnded(launch.run, runner.cancel(launch.run, time)), after: .milliseconds(60))
        case .apply(let reference, let serving, let operation):
            send(
                Write(
                    process: process, target: Self.system(reference.spec), deployment: serving.deployment,
                    operation: operation, kind: .apply(serving)))
        case .remove(let reference, let deployment, let operation):
            send(
                Write(
                    process: process, target: Self.system(reference.spec), deployment: deployment, operation: operation,
                    kind: .remove))
        case .observe(let reference, let deployment, let asked):
            let (time, system) = (time, Self.system(reference.spec))
            var observation = ReconcileEvent.Observation.failed(TargetError(.unreachable, "no such target"))
            if let failure = targets[system]?.failure(time) {
                observation = .failed(failure)
            } else if let seen = targets[system]?.observe(deployment, time) {
                observation = .serving(seen, .everything)
            }
            answer(.observed(deployment, reference, asked: asked, observation), after: milliseconds(5...40))
        case .measure(let deployment, let request):
            var value = QueryValue.number(0.01)
            if let fault = checkFaults, fault.until > time {
                value = fault.outcome == .fail ? .number(0.5) : .missing("nobody answers")
            }
            answer(.measured(deployment, request, ["errors": value]), after: milliseconds(5...200))
        case .notify: break
        }
    }

    /// The serving system that a Target stands for.
    static func system(_ spec: TargetSpec) -> TargetName {
        guard case .local(let spec) = spec.provider else { preconditionFailure("every simulated target is local") }
        return [9000: Names.left, 9001: Names.right][spec.port] ?? Names.annex
    }

    private mutating func run(_ launch: StepLaunch) {
        runner.isDiskFull = isDiskFull
        let (process, isNew, isLost) = runner.run(launch, time)
        if isNew { checkStart(launch) }
        if isLost { return }
        answer(.stepEnded(launch.run, process.outcome), after: max(process.ends - time, .milliseconds(1)))
    }

    // MARK: Git

    /// One look at the remote, as the source watcher takes it.
    mutating func look() {
        guard let process else { return }
        guard !git.isLooking else {
            git.isNudged = true
            return
        }
        git.isLooking = true
        let wait: Duration = git.has(.slow, time) ? milliseconds(5_000...60_000) : .milliseconds(50)
        schedule(looked(process), after: wait)
    }

    private func looked(_ process: Int) -> Item {
        func failed(_ message: String) -> Item {
            .looked(process: process, nil, .sourceFailed(Names.source, message: message))
        }
        if git.has(.gone, time) { return failed("nobody answers") }
        let tip = git.tip
        if tip.id == git.known { return .looked(process: process, tip.id, nil) }
        if git.has(.halfFetched, time) { return failed("the pack ends early") }
        if tip.contents.pathMissing { return failed("the folder of the manifests is not there") }
        let base = git.known.flatMap { git.commit($0) }
        return .looked(process: process, tip.id, .snapshot(Names.source, git.snapshot(of: tip, since: base)))
    }

    // MARK: Acts

    mutating func perform(_ act: Act) {
        let time = time
        trace.add(time, act)
        note(act)
        switch act {
        case .commit(let contents): git.push(contents)
        case .forcePush(let back): git.goBack(back)
        case .webhooks(let count): for _ in 0..<count { look() }
        case .git(let fault, let span): git.faults[fault] = time + span
        case .steps(let fault, let count): runner.faults += Array(repeating: fault, count: count)
        case .target(let name, let fault, let span): targets[name]?.faults[fault] = time + span
        case .amnesia(let name): targets[name]?.forgetAll()
        case .answers(let fault, let span): answerFaults[fault] = time + span
        case .checks(let outcome, let span): checkFaults = (outcome, time + span)
        case .crash(let write, let effects): arm(write, effects)
        case .clock(let jump): self.jump(jump)
        case .diskFull(let span): fillDisk(for: span)
        case .person(let word): say(word)
        }
    }

    private mutating func say(_ word: Act.Word) {
        let by = "ada"
        let command: Command? =
            switch word {
            case .rollback(let id): .rollback(id, to: nil, by: by, reason: "test")
            case .hold(let id): .hold(id, by: by, reason: "test")
            case .release(let id): .release(id, by: by)
            case .suspend(let id): .suspend(id, by: by)
            case .resume(let id): .resume(id, by: by)
            case .retry(let id): .retry(ObjectID(id))
            case .approve(let id): .approve(id, nil, by: by)
            case .promote(let id): .promote(id, full: true, by: by)
            case .abort(let id): .abort(id, by: by, reason: "test")
            case .pause(let id): .pause(id, by: by)
            case .override(let id):
                state.records[id]?.desired.map { version in
                    .override(
                        Override(
                            policy: Names.floor.name, deployment: id, version: version, author: by, reason: "test",
                            expires: now + .seconds(600), recorded: now))
                }
            }
        if let command { receive(.command(command)) }
    }
}

/// A branch of commits on a remote, and what one process knows of it.
struct SimulatedGit {
    struct Commit {
        let id: CommitID
        let contents: Contents
    }

    private var commits = [Commit(id: id(0), contents: Contents())]
    private var tipIndex = 0
    var faults: [Act.GitFault: Instant] = [:]
    var known: CommitID?
    var isLooking = false
    var isNudged = false

    var tip: Commit { commits[tipIndex] }
    var all: [Commit] { commits }

    func has(_ fault: Act.GitFault, _ time: Instant) -> Bool { faults[fault].map { $0 > time } ?? false }
    func commit(_ id: CommitID) -> Commit? { commits.first { $0.id == id } }

    mutating func forgetProcess() {
        known = nil
        isLooking = false
        isNudged = false
    }

    mutating func push(_ contents: Contents) {
        commits.append(Commit(id: Self.id(commits.count), contents: contents))
        tipIndex = commits.count - 1
    }

    mutating func goBack(_ count: Int) { tipIndex = max(0, tipIndex - count) }

    private static func id(_ number: Int) -> CommitID {
        let digits = String(number)
        guard let id = CommitID(String(repeating: "0", count: 40 - digits.count) + digits) else {
            preconditionFailure("40 digits are a commit")
        }
        return id
    }

    /// What a process reads; what changed since another commit, where it knows one.
    func snapshot(of commit: Commit, since base: Commit?) -> Snapshot {
        let nobody = CommitFacts.Person(name: "Ada", email: "ada@example.com")
        let facts = CommitFacts(
            commit: commit.id, parents: [], author: nobody, committer: nobody, message: "commit",
            time: Instant(milliseconds: 0))
        let desired = commit.contents.desired()
        return Snapshot(
            revision: Revision(reference: "main", commit: commit.id), commit: facts, desired: desired,
            changed: base.map { desired.changes(since: $0.contents.desired()) })
    }
}

extension DesiredState {
    /// Objects that differ, or that are in error in one of the two.
    func changes(since old: DesiredState) -> Set<ObjectID> {
        var changed = Set(quarantined.keys).symmetricDifference(old.quarantined.keys)
        let source = Names.source
        for name in Set(models.keys).union(old.models.keys) where models[name] != old.models[name] {
            changed.insert(ObjectID(ModelID(source: source, name: name)))
        }
        for name in Set(policies.keys).union(old.policies.keys) where policies[name] != old.policies[name] {
            changed.insert(ObjectID(PolicyID(source: source, name: name)))
        }
        for name in Set(deployments.keys).union(old.deployments.keys) where deployments[name] != old.deployments[name] {
            changed.insert(ObjectID(DeploymentID(source: source, name: name)))
        }
        for name in Set(targets.keys).union(old.targets.keys) where targets[name] != old.targets[name] {
            changed.insert(ObjectID(TargetID(source: source, name: name)))
        }
        return changed
    }
}
