import Testing

@testable import HeadgateCore

struct StagesTests {
    struct Case: CustomTestStringConvertible {
        let name: String
        let strategy: StrategySpec
        var situation = StrategySpec.Situation()
        /// `kind name champion+candidate weight wait watch`, an entry a stage.
        let stages: [String]
        var testDescription: String { name }

        static let check = Sample.check("errors")
        static let all: [Case] = [
            Case(
                name: "rolling", strategy: StrategySpec(),
                stages: ["start start all+all 0", "promote promote all+all 100!", "retire retire 0+all 100!"]),
            Case(
                name: "first deployment", strategy: Sample.canary([.weight(10), .analyse(.seconds(120))], [check]),
                situation: .init(firstDeployment: true),
                stages: ["start start 0+all -", "promote promote 0+all 100!"]),
            Case(
                name: "recreate", strategy: StrategySpec(method: .recreate(allowDowntime: true)),
                stages: [
                    "stop stop 0+0 -", "start start 0+all -", "promote promote 0+all 100!", "retire retire 0+all 100!",
                ]),
            Case(
                name: "canary",
                strategy: Sample.canary(
                    [
                        .weight(10), .analyse(.seconds(120)), .weight(50),
                        .pauseUntilApproved(deadline: .seconds(604_800)),
                    ],
                    [check]),
                stages: [
                    "start start all+all 0", "step weight 10 all+all 10 before",
                    "step analyse 2m all+all 10 analysis before", "step weight 50 all+all 50 before",
                    "step approval all+all 50 approval before", "promote promote all+all 100!",
                    "retire retire 0+all 100!",
                ]),
            Case(
                name: "restoration", strategy: Sample.canary([.weight(10), .analyse(.seconds(120))], [check]),
                situation: .init(restoration: true),
                stages: ["start start all+all 0", "promote promote all+all 100!", "retire retire 0+all 100!"]),
            Case(
                name: "restoration in full",
                strategy: {
                    var strategy = Sample.canary([.weight(10)])
                    strategy.onRevert = .full
                    return strategy
                }(), situation: .init(restoration: true),
                stages: [
                    "start start all+all 0", "step weight 10 all+all 10 before", "promote promote all+all 100!",
                    "retire retire 0+all 100!",
                ]),
            Case(
                name: "blue-green",
                strategy: StrategySpec(
                    method: .blueGreen(
                        BlueGreenSpec(
                            analyse: .seconds(60), approve: true, checks: [check], postChecks: [check],
                            postAnalyse: .seconds(30), delay: .seconds(15)))),
                stages: [
                    "start start all+all 0 preview", "step analyse 1m all+all 0 preview analysis before",
                    "step approval all+all 0 preview approval before", "promote promote all+all 100!",
                    "after analyse 30s all+all 100! analysis after", "after delay 15s all+all 100! time after",
                    "retire retire 0+all 100!",
                ]),
            Case(
                name: "ab",
                strategy: StrategySpec(
                    method: .ab(
                        ABSpec(match: .header(name: "x-beta", value: "1"), analyse: .seconds(60), checks: [check]))),
                stages: [
                    "start start all+all 0", "step analyse 1m all+all 0 route analysis before",
                    "promote promote all+all 100!", "retire retire 0+all 100!",
                ]),
            Case(
                name: "shadow with a bake",
                strategy: StrategySpec(
                    method: .shadow(ShadowSpec(percent: 20, analyse: .seconds(60), checks: [check])),
                    bake: .seconds(1800)),
                stages: [
                    "start start all+all 0", "step analyse 1m all+all 0 mirror 20 analysis before",
                    "promote promote all+all 100!", "after bake 30m all+all 100! time bake", "retire retire 0+all 100!",
                ]),
            Case(
                name: "rolling in batches", strategy: StrategySpec(maxSurge: 2), situation: .init(replicas: 5),
                stages: [
                    "start start all+2 0", "exchange exchange 2/5 3+4 40!", "exchange exchange 4/5 1+5 80!",
                    "promote promote 1+all 100!", "retire retire 0+all 100!",
                ]),
            Case(
                name: "a restoration surges beyond maxSurge", strategy: StrategySpec(maxSurge: 2),
                situation: .init(restoration: true, replicas: 5),
                stages: ["start start all+all 0", "promote promote all+all 100!", "retire retire 0+all 100!"]),
            Case(
                name: "unless there is no room", strategy: StrategySpec(maxSurge: 4),
                situation: .init(restoration: true, replicas: 5, crowded: true),
                stages: [
                    "start start all+4 0", "exchange exchange 4/5 1+5 80!", "promote promote 1+all 100!",
                    "retire retire 0+all 100!",
                ]),
        ]
    }

    @Test(arguments: Case.all) func `a strategy compiles to these stages`(_ test: Case) {
        #expect(test.strategy.stages(for: test.situation).map(Self.text) == test.stages)
    }

    @Test(arguments: Case.all) func `weights stay within 0 and 100 and nothing is promoted before it is decided`(
        _ test: Case
    ) {
        let stages = test.strategy.stages(for: test.situation)
        #expect(stages.compactMap(\.layout.weight).allSatisfy { (0...100).contains($0) })
        let promoted = stages.map(\.layout.promoted)
        #expect(promoted == promoted.sorted { !$0 && $1 })
        #expect(stages.count { $0.kind == .promote } == 1)
    }

    @Test(arguments: [
        (StrategySpec(), TargetCapabilities.everything, 0),
        (StrategySpec(), TargetCapabilities(), 1),
        (StrategySpec(method: .recreate(allowDowntime: true)), TargetCapabilities(), 0),
        (Sample.canary([.weight(10)]), TargetCapabilities(sideBySide: true), 1),
        (Sample.canary([.pause(.seconds(1))]), TargetCapabilities(sideBySide: true), 0),
        (StrategySpec(method: .blueGreen(BlueGreenSpec())), TargetCapabilities(), 2),
        (StrategySpec(method: .shadow(ShadowSpec(percent: 5, analyse: .zero))), TargetCapabilities(), 2),
        (
            StrategySpec(method: .ab(ABSpec(match: .header(name: "a", value: "b"), analyse: .zero))),
            TargetCapabilities(), 2
        ),
    ])
    func `a target says what it cannot do before anything moves`(
        _ strategy: StrategySpec, _ target: TargetCapabilities, _ unmet: Int
    ) {
        #expect(strategy.unmet(by: target).count == unmet)
        #expect(strategy.unmet(by: target, firstDeployment: true).isEmpty)
    }

    @Test func `a plan remarks on surge, room and downtime`() {
        #expect(StrategySpec(maxSurge: 0).remarks(replicas: 4).count == 1)
        #expect(StrategySpec(maxSurge: 1).remarks(replicas: 1).isEmpty)
        var canary = Sample.canary([.weight(50)])
        canary.maxSurge = 1
        #expect(canary.remarks(replicas: 4).contains { $0.contains("2 would carry it") })
        #expect(StrategySpec(method: .recreate(allowDowntime: true), warm: .seconds(1)).remarks(replicas: 1).count == 2)
    }

    @Test(arguments: [(1, 1, 0, true), (1, 1, 1, false), (0, 4, 3, true), (2, 4, 2, false), (2, 4, nil, false)])
    func `a plan says when a target has no room for two versions`(
        _ surge: Int, _ replicas: Int, _ room: Int?, _ isShort: Bool
    ) {
        let shortage = StrategySpec(maxSurge: surge).shortage(replicas: replicas, room: room)
        #expect((shortage != nil) == isShort)
        if let shortage { #expect(shortage.contains("it is asked first")) }
        let recreate = StrategySpec(method: .recreate(allowDowntime: true), maxSurge: surge)
        #expect(recreate.shortage(replicas: replicas, room: room) == nil)
    }

    static func text(_ stage: RolloutStage) -> String {
        func capacity(_ capacity: RolloutLayout.Capacity) -> String {
            switch capacity {
            case .nothing: "0"
            case .everything: "all"
            case .replicas(let count): String(count)
            }
        }
        let layout = stage.layout
        var text = "\(stage.kind) \(stage.name) \(capacity(layout.champion))+\(capacity(layout.candidate)) "
        text += layout.weight.map(String.init) ?? "-"
        if layout.promoted { text += "!" }
        if layout.preview { text += " preview" }
        if layout.route != nil { text += " route" }
        if let mirror = layout.mirror { text += " mirror \(mirror.percent)" }
        switch stage.wait {
        case .none: break
        case .time: text += " time"
        case .approval: text += " approval"
        case .analysis: text += " analysis"
        }
        return stage.watch == .nothing ? text : text + " \(stage.watch)"
    }
}
