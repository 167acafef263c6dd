import Testing

@testable import HeadgateCore

/// The design's table of what changes and what happens then, row by row, in a simulated world without faults.
@Suite struct ChangeTableTests {
    /// A world, and what was so in it before the change.
    struct Scene {
        var simulation = Simulation(seed: 1)
        var contents = Contents()
        private var championsBefore: [DeploymentID: Champion] = [:]
        private var operationsBefore: [DeploymentID: OperationID] = [:]
        private var runsBefore = 0

        /// Everything serves what HEAD asks for.
        init() {
            commit()
            remember()
        }

        /// Commits, has it noticed at once unless told otherwise, and lets time pass.
        mutating func commit(
            for duration: Duration = .seconds(400), isNoticed: Bool = true,
            _ change: (inout Contents) -> Void = { _ in }
        ) {
            change(&contents)
            simulation.perform(.commit(contents))
            if isNoticed { simulation.perform(.webhooks(1)) }
            simulation.run(for: duration)
        }

        /// From now on "before" is now.
        mutating func remember() {
            runsBefore = simulation.runner.started.count
            for id in Names.deployments {
                championsBefore[id] = record(id)?.champion
                operationsBefore[id] = record(id)?.operation
            }
        }

        func record(_ id: DeploymentID) -> DeploymentRecord? { simulation.ledger.deployments[id] }

        /// Names of the steps that ran since, in order.
        var runs: [String] { simulation.runner.started.dropFirst(runsBefore).map(\.step.text) }

        func hasMoved(_ id: DeploymentID) -> Bool { record(id)?.champion?.version != championsBefore[id]?.version }
        func isTold(_ id: DeploymentID) -> Bool { record(id)?.operation != operationsBefore[id] }
        func isReassessed(_ id: DeploymentID) -> Bool {
            record(id)?.champion?.assessment != championsBefore[id]?.assessment
        }
        func wasChampion(_ id: DeploymentID) -> VersionID? { championsBefore[id]?.version }
        func reason(_ id: DeploymentID) -> String? { record(id)?.conditions[.ready]?.reason }

        /// Has `red` go from `left` to another serving system, and checks that something serves all the while.
        mutating func move(to target: TargetName, _ change: (inout Contents) -> Void) {
            commit(for: .zero, change)
            for _ in 0..<600 {
                simulation.run(for: .milliseconds(100))
                let isReady = simulation.targets[target]?.wasReady[Names.red] != nil
                #expect(isReady || serves(Names.red, on: Names.left))
            }
            #expect(serves(Names.red, on: target) && !hasMoved(Names.red) && runs == [])
            #expect(simulation.targets[Names.left]?.held[Names.red] == nil)
        }

        /// Whether the champion has all traffic on a target.
        func serves(_ id: DeploymentID, on target: TargetName = Names.left) -> Bool {
            guard let champion = record(id)?.champion?.version else { return false }
            return simulation.targets[target]?.held[id]?.weights == [champion: 100]
        }
    }

    struct Row: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let play: @Sendable (inout Scene) throws -> Void

        init(_ change: String, _ play: @escaping @Sendable (inout Scene) throws -> Void) {
            testDescription = change
            self.play = play
        }
    }

    @Test(arguments: work + judgement + serving + history) func `what changed decides what happens`(_ row: Row) throws {
        var scene = Scene()
        #expect(scene.serves(Names.red) && scene.serves(Names.rose) && scene.serves(Names.ale, on: Names.right))
        try row.play(&scene)
        #expect(scene.simulation.watch.finding == nil)
    }

    // MARK: What runs

    static let work = [
        Row("a step's inputs: run, assess, judge, roll") { scene in
            scene.commit { $0.wine.quality = 95 }
            #expect(scene.runs == ["train", "evaluate"])
            #expect(scene.hasMoved(Names.red) && scene.hasMoved(Names.rose) && scene.serves(Names.red))
            #expect(!scene.hasMoved(Names.ale) && !scene.isTold(Names.ale))
        },
        Row("an evaluation step only: another assessment of the same version, and no traffic moves") { scene in
            scene.commit { $0.wine.evaluation = 3 }
            #expect(scene.runs == ["evaluate"])
            #expect(scene.isReassessed(Names.red) && !scene.hasMoved(Names.red) && !scene.isTold(Names.red))
        },
        Row("serve inputs only: another version without training") { scene in
            scene.commit { $0.wine.server = 2 }
            #expect(scene.runs == [])
            #expect(scene.hasMoved(Names.red) && scene.serves(Names.red))
        },
    ]

    // MARK: What is judged

    static let judgement = [
        Row("a Policy only: what it guards is judged again, and nothing rolls out") { scene in
            scene.commit { $0.floor = 85 }
            #expect(scene.runs == [] && !scene.isTold(Names.red) && !scene.hasMoved(Names.red))
            let digest = scene.simulation.ledger.policy(Names.floor).map { Key.policy($0.spec) }
            let verdicts = scene.simulation.ledger.verdicts.values.filter { $0.verdict.policyDigest == digest }
            #expect(Set(verdicts.compactMap(\.deployment)) == Set(Names.deployments))
        },
        Row("a Policy only: a champion that fails it is reported and never evicted") { scene in
            scene.commit { $0.floor = 95 }
            #expect(!scene.isTold(Names.red) && !scene.hasMoved(Names.red) && scene.serves(Names.red))
            #expect(scene.record(Names.red)?.conditions[.compliant]?.status == .isFalse)
        },
        Row("a Policy only: a blocked candidate may now go") { scene in
            scene.commit { $0.wine.quality = 60 }
            #expect(scene.reason(Names.red) == "GateDenied" && !scene.hasMoved(Names.red))
            let runs = scene.runs.count
            scene.commit { $0.floor = 50 }
            #expect(scene.hasMoved(Names.red) && scene.runs.count == runs)
        },
        Row("a Deployment's model: the other model's version, judged for this Deployment") { scene in
            scene.commit { $0.beer.quality = 95 }
            scene.remember()
            scene.commit { $0.pours = Names.beer.name }
            let version = try #require(scene.record(Names.ale)?.champion?.version)
            #expect(scene.runs == [] && scene.record(Names.red)?.champion?.version == version)
            #expect(
                scene.simulation.ledger.verdicts.values.contains {
                    $0.deployment == Names.red && $0.version == version && $0.verdict.outcome == .pass
                })
        },
    ]

    // MARK: How it serves

    static let serving = [
        Row("strategy or checks: the next rollout") { scene in
            scene.commit { $0.strategy = .blueGreen }
            #expect(scene.runs == [] && !scene.isTold(Names.rose))
        },
        Row("strategy or checks: a live rollout restarts its current step") { scene in
            scene.commit(for: .seconds(30)) { $0.wine.quality = 95 }
            let before = try #require(scene.record(Names.rose)?.rollout)
            scene.commit(for: .seconds(1)) { $0.strategy = .approval }
            let after = try #require(scene.record(Names.rose)?.rollout)
            #expect(after.id == before.id && after.strategy == Contents.Strategy.approval.spec)
            #expect(after.notes.contains { $0.kind == .respecified })
        },
        Row("replicas: at once, on the champion, even while HEAD's version fails its gate") { scene in
            scene.commit {
                $0.wine.quality = 60
                $0.replicas = 3
            }
            #expect(scene.reason(Names.red) == "GateDenied" && !scene.hasMoved(Names.red))
            let held = scene.simulation.targets[Names.left]?.held[Names.red]?.state.versions
            #expect(held?.map(\.replicas) == [3] && held?.first?.version == scene.wasChampion(Names.red))
        },
        Row("a Deployment's target: the champion comes up on the new one, then the old one is drained") { scene in
            scene.move(to: Names.right) { $0.target = Names.right }
        },
        Row("a Target's spec, so that it is another serving system: as a new target") { scene in
            scene.move(to: Names.annex) { $0.isElsewhere = true }
            #expect(scene.serves(Names.rose, on: Names.annex) && !scene.isTold(Names.ale))
        },
        Row("a Target's name: nothing moves") { scene in
            scene.commit { $0.isRenamed = true }
            #expect(!scene.isTold(Names.red) && !scene.hasMoved(Names.red) && scene.serves(Names.red))
            #expect(scene.record(Names.red)?.target?.id.name == Names.port && scene.reason(Names.red) == "Succeeded")
        },
        Row("a Target's spec: the champion is applied again") { scene in
            scene.commit { $0.capacity = 8 }
            #expect(scene.isTold(Names.red) && !scene.hasMoved(Names.red) && scene.serves(Names.red))
            #expect(!scene.isTold(Names.ale) && scene.runs == [])
        },
    ]

    // MARK: What was before

    static let history = [
        Row("several commits between two polls: only the tip counts") { scene in
            scene.commit(for: .milliseconds(1), isNoticed: false) { $0.wine.quality = 95 }
            scene.commit { $0.wine.quality = 99 }
            #expect(scene.runs == ["train", "evaluate"] && scene.hasMoved(Names.red))
            #expect(scene.simulation.runner.started.last?.command.last == "99.0")
        },
        Row("a return to an earlier state: restoration") { scene in
            scene.commit { $0.wine.quality = 95 }
            let runs = scene.runs.count
            scene.commit { $0.wine.quality = 90 }
            #expect(!scene.hasMoved(Names.red) && scene.serves(Names.red) && scene.runs.count == runs)
            #expect(scene.record(Names.red)?.champion?.restored == true)
            #expect(scene.record(Names.rose)?.champion?.restored == true)
        },
    ]
}
