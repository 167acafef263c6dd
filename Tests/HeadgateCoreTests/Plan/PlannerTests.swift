import Testing

@testable import HeadgateCore

/// Plans against a base, without a ledger.
@Suite struct PlannerTests {
    private func plan(
        _ base: Repository?, _ head: Repository, known: PlanKnowledge = PlanKnowledge(),
        target: TargetSpec.Provider = .local(LocalTargetSpec()), formerTarget: TargetSpec.Provider? = nil
    ) -> [String: PlannedChange] {
        var (base, head) = (base, head)
        let snapshot = head.commit()
        var (desired, before) = (snapshot.desired, base?.commit().desired)
        desired.targets[World.target.name]?.spec.provider = target
        before?.targets[World.target.name]?.spec.provider = formerTarget ?? target
        let changes = Planner(host: World.host).plan(
            World.source, desired, base: before, known: known, revision: snapshot.revision,
            commit: snapshot.commit, now: Instant(milliseconds: 0))
        let named = changes.map { ("\($0.object)" + ($0.step.map { " \($0)" } ?? ""), $0) }
        return Dictionary(named) { first, _ in first }
    }

    @Test func `what is as at base does nothing although nobody has its results`() {
        let changes = plan(Repository(), Repository())
        #expect(changes.count == 4)
        #expect(changes.values.allSatisfy { !$0.isChange }, "\(changes)")
    }

    @Test func `a step that changed runs and what follows from it waits`() {
        let changes = plan(Repository(), Repository(quality: "0.95"))
        #expect(changes["Model/wine train"]?.action == .run)
        #expect(changes["Model/wine train"]?.reason == "param quality changed from \"0.90\" to \"0.95\"")
        #expect(changes["Model/wine evaluate"]?.action == .wait)
        #expect(changes["Deployment/wine"]?.action == .rollOut)
        #expect(changes["Policy/floor"]?.action == PlannedChange.Action.none)
    }

    @Test(arguments: [
        (TargetSpec.Provider.local(LocalTargetSpec()), ""),
        (.local(LocalTargetSpec(capacity: 1)), "; the target has room for 0 of 1 replicas beside what serves"),
        (
            .exec(ExecTargetSpec(program: "vertex")),
            "; the program vertex is asked first, and nothing moves if the target cannot hold two versions at once"
        ),
    ])
    func `a rollout says what its target may not be able to do`(_ target: TargetSpec.Provider, _ note: String) throws {
        let reason = "when model wine has a version that passes its gates"
        let change = try #require(
            plan(Repository(), Repository(quality: "0.95"), target: target)["Deployment/wine"])
        #expect(change.reason.hasPrefix(reason + note))
        #expect(!note.isEmpty || change.reason == reason)
        let first = try #require(plan(nil, Repository(), target: target)["Deployment/wine"])
        #expect(!first.reason.contains("; "), "nothing serves beside a first version")
    }

    @Test func `a Deployment moves as its own fields changed`() {
        #expect(plan(Repository(), Repository(replicas: 3))["Deployment/wine"]?.action == .resize)
        #expect(plan(Repository(hasDeployment: false), Repository())["Deployment/wine"]?.action == .rollOut)
        #expect(plan(Repository(), Repository(hasDeployment: false))["Deployment/wine"]?.action == .prune)
    }

    enum Trouble: CaseIterable { case quarantine, unreadable, moved }

    @Test(arguments: Trouble.allCases, [false, true])
    func `an object whose manifest is in error is kept and not pruned`(
        _ trouble: Trouble, _ hasLedger: Bool
    ) throws {
        var (base, head) = (Repository(), Repository())
        let before = base.commit().desired
        let snapshot = head.commit()
        var desired = DesiredState()
        let ids = [ObjectID(Repository.deployment), ObjectID(Repository.policy), ObjectID(Repository.model)]
        switch trouble {
        case .quarantine:
            for id in ids + [ObjectID(World.target)] {
                desired.quarantined[id] = Diagnostic(.error, code: "unknown-field", "no such field", object: id)
            }
        case .unreadable: desired.unreadable = [try #require(RepositoryPath("headgate.yaml"))]
        case .moved:
            desired.unreadable = [try #require(RepositoryPath("elsewhere.yaml"))]
            desired.mentionedNames = Set((ids + [ObjectID(World.target)]).map(\.name))
        }
        func plan(_ desired: DesiredState) -> [PlannedChange] {
            Planner(host: HostFacts(operatingSystem: "linux", architecture: "x86_64")).plan(
                World.source, desired, base: before,
                known: hasLedger ? PlanKnowledge(LedgerContents()) : PlanKnowledge(), revision: snapshot.revision,
                commit: snapshot.commit, now: Instant(milliseconds: 0))
        }
        let changes = plan(desired)
        #expect(changes.map(\.action) == [.keep, .keep, .keep, .keep], "\(changes)")
        #expect(changes.allSatisfy { $0.reason.contains("stays") && !$0.isChange }, "\(changes)")
        // A Deployment that is in order waits with its Model.
        desired.deployments = before.deployments
        let deployment = try #require(plan(desired).first { $0.object == ids[0] })
        #expect(deployment.action == .keep, "\(deployment)")
        #expect(deployment.reason.hasPrefix("model wine is kept"), "\(deployment)")
        // What is nowhere is pruned.
        #expect(plan(DesiredState()).filter { $0.action == .prune }.count == 4)
    }

    @Test(arguments: [
        (TargetSpec.Provider.local(LocalTargetSpec(port: 9000)), true), (.local(LocalTargetSpec(capacity: 3)), false),
    ])
    func `a Deployment moves when its Target stands for another serving system`(
        _ target: TargetSpec.Provider, _ isMove: Bool
    ) {
        let changes = plan(Repository(), Repository(), target: target, formerTarget: .local(LocalTargetSpec()))
        let change = changes["Deployment/wine"]
        #expect(change?.action == (isMove ? .move : PlannedChange.Action.none))
        #expect(!isMove || change?.reason == "target local is another serving system now")
    }

    @Test func `a policy that changed is asked again and no step runs`() {
        let changes = plan(Repository(), Repository(floor: 0.9))
        #expect(changes["Policy/floor"]?.action == .judge)
        #expect(changes.values.filter(\.isChange).count == 1)
    }

    @Test func `a ledger knows what has run and nothing is taken for granted beside it`() {
        let changes = plan(Repository(), Repository(), known: PlanKnowledge(LedgerContents()))
        #expect(changes["Model/wine train"]?.action == .run)
        #expect(changes["Model/wine evaluate"]?.action == .wait)
    }

    @Test func `without a base everything is new`() {
        let changes = plan(nil, Repository())
        #expect(changes["Model/wine train"]?.action == .run)
        #expect(changes["Model/wine train"]?.reason == "new step")
    }

    @Test func `beside a ledger a hold keeps a Deployment where it is, until something else is asked for`() throws {
        var world = World()
        var repository = Repository()
        for quality in ["0.90", "0.95"] {
            repository.quality = quality
            world.push(repository.commit())
            world.run(for: .seconds(60))
        }
        let inForce = repository.commit().desired
        func plan(_ head: Repository) throws -> PlannedChange {
            var head = head
            let (snapshot, contents) = (head.commit(), world.contents)
            let changes = Planner(host: World.host).plan(
                World.source, snapshot.desired, base: inForce, known: PlanKnowledge(contents),
                revision: snapshot.revision, commit: snapshot.commit, now: world.now)
            return try #require(changes.first { $0.object == ObjectID(Repository.deployment) })
        }
        world.command(.rollback(Repository.deployment, to: nil, by: "ada", reason: "too slow"))
        #expect(try plan(repository).action == .restore, "it is still to go back")
        world.run(for: .seconds(30))
        let held = try plan(repository)
        #expect(held.action == .held && !held.isChange)
        #expect(held.reason.hasSuffix(" is held by ada: too slow; `headgate release wine` ends it"), "\(held)")
        repository.replicas = 2
        #expect(try plan(repository).action == .resize, "replicas follow whatever is held")
        repository.replicas = 1
        repository.floor = 0.7
        #expect(try plan(repository).action == .restore, "another policy is another desired state")
    }

    @Test(arguments: [(3, 6, false), (4, 6, true), (4, 8, false), (6, 6, true)])
    func `what deletes many Deployments at once waits for a person`(_ gone: Int, _ total: Int, _ waits: Bool) throws {
        var repository = Repository()
        let snapshot = repository.commit()
        let one = try #require(snapshot.desired.deployments[Repository.deployment.name])
        func desired(_ numbers: Range<Int>) -> DesiredState {
            var desired = snapshot.desired
            desired.deployments = [:]
            for number in numbers { desired.deployments[name(DeploymentName("wine\(number)"))] = one }
            return desired
        }
        let changes = Planner(host: World.host).plan(
            World.source, desired(gone..<total), base: desired(0..<total), known: PlanKnowledge(),
            revision: snapshot.revision, commit: snapshot.commit, now: Instant(milliseconds: 0)
        ).filter { $0.action == .prune || $0.action == .confirm }
        #expect(changes.count == gone)
        #expect(changes.allSatisfy { $0.action == (waits ? .confirm : .prune) && $0.isChange }, "\(changes)")
        let text = "left the repository with \(gone) of \(total) Deployments: waits for `headgate prune models`"
        #expect(changes.allSatisfy { ($0.reason == text) == waits }, "\(changes)")
    }
}
