import Foundation

@testable import HeadgateCore

/// One history from its beginning to quiet, with what was found.
struct Play {
    let history: History
    let fault: PlantedFault?
    private(set) var simulation: Simulation

    var finding: Finding? { simulation.watch.finding }
    var digest: UInt64 { simulation.trace.digest }

    init(_ history: History, fault: PlantedFault? = nil, isKept: Bool = false) {
        self.history = history
        self.fault = fault
        simulation = Simulation(seed: history.seed, fault: fault)
        simulation.trace.isKept = isKept
        run()
    }

    private mutating func run() {
        for entry in history.entries {
            simulation.run(for: entry.wait)
            guard finding == nil else { return }
            simulation.perform(entry.act)
        }
        simulation.run(for: .milliseconds(Int64(history.seed % 7) * 20_000))
        simulation.calm()
        settle()
        guard finding == nil else { return }
        checkIdleHour()
        guard finding == nil else { return }
        revert()
    }

    /// Faults have stopped: people take back what they stopped, and the world must come to what HEAD asks for.
    private mutating func settle() {
        var contents = simulation.git.tip.contents
        // Three of four histories end with a commit that must be served; the others with whatever HEAD holds.
        if history.seed % 4 != 0 {
            contents.repair()
            contents.wine.quality = 93
            contents.wine.server = 77
            contents.beer.server = 77
            contents.beer.quality = 93
            simulation.perform(.commit(contents))
        }
        simulation.run(for: .seconds(25))
        for id in Names.deployments { simulation.perform(.person(.resume(id))) }
        for id in Names.deployments where history.seed % 4 != 0 { simulation.perform(.person(.release(id))) }
        converge(within: 28)
    }

    /// Waits five minutes at a time until everything is as it should be.
    private mutating func converge(within turns: Int) {
        var problem: String?
        for _ in 0..<turns {
            simulation.run(for: .seconds(300))
            guard finding == nil else { return }
            problem = simulation.divergence()
            if problem == nil { return }
        }
        if let problem { simulation.found(problem) }
    }

    /// I14: when nothing changes, nothing is written and no target is told anything.
    private mutating func checkIdleHour() {
        // A rollout that waits for its gate goes on asking its checks.
        if simulation.ledger.deployments.values.contains(where: { $0.rollout != nil }) { return }
        // What was warm drains, and a step that nobody wants any more may finish where its Model says so.
        simulation.run(for: .seconds(120))
        while let last = simulation.runner.live(simulation.time).first {
            simulation.run(for: last.timeout)
            if finding != nil { return }
        }
        simulation.run(for: .seconds(30))
        let commits = simulation.ledger.commits
        simulation.watch.applies = [:]
        simulation.run(for: .seconds(3600))
        let written = simulation.ledger.commits - commits
        if written > 0 { simulation.found("I14: \(written) writes to the ledger in an idle hour") }
        if let id = simulation.watch.applies.keys.sorted().first {
            simulation.found("I14: \(id.name) is written in an idle hour")
        }
    }

    /// I3: going back to what served before runs no step and serves the same version.
    private mutating func revert() {
        let sim = simulation
        let present = sim.git.tip.contents
        guard !present.pathMissing, present.broken.isEmpty, !present.suspended,
            let record = sim.ledger.deployments[Names.red], record.champion?.version == record.desired,
            record.conditions[.ready]?.status == .isTrue,
            let earlier = record.history.last(where: { $0.version != record.champion?.version }),
            // What only an override let serve does not pass the policy that is asked again.
            !sim.ledger.overrides.contains(where: { $0.version == earlier.version }),
            // Where the Model was in error, what served is not what the commit says.
            var old = sim.watch.champions[earlier.version], old.broken.isEmpty,
            // What passed by another evaluation of the same version does not pass by its first one.
            let evaluation = old.wine.evaluation, old.wine.quality + evaluation >= 70
        else { return }
        old.floor = min(old.floor, present.floor)
        var contents = present
        contents.wine = old.wine
        contents.floor = 70
        let runs = sim.runner.started.count
        simulation.perform(.commit(contents))
        simulation.run(for: .seconds(31))
        simulation.perform(.person(.release(Names.red)))
        converge(within: 6)
        guard finding == nil else { return }
        if simulation.runner.started.count > runs { simulation.found("I3: going back runs a step") }
        let champion = simulation.ledger.deployments[Names.red]?.champion
        if champion?.version != earlier.version { simulation.found("I3: going back serves another version") }
    }
}

/// Finds a shorter history that shows the same.
enum Shrinking {
    static func shrink(_ play: Play) -> Play {
        guard let wanted = play.finding?.invariant else { return play }
        var best = play.history.entries
        var size = max(1, best.count / 2)
        while size >= 1 {
            var index = 0
            while index < best.count {
                var fewer = best
                fewer.removeSubrange(index..<min(index + size, best.count))
                let entries = fewer
                if Play(History(seed: play.history.seed, entries: entries), fault: play.fault).finding?.invariant
                    == wanted
                {
                    best = entries
                } else {
                    index += size
                }
            }
            size /= 2
        }
        return Play(History(seed: play.history.seed, entries: best), fault: play.fault, isKept: true)
    }

    /// Writes the whole trace of the shortest history to a file named after the seed.
    static func write(_ play: Play, to folder: String) throws {
        let lines = shrink(play).simulation.trace.lines.joined(separator: "\n")
        try lines.write(toFile: "\(folder)/\(play.history.seed).trace", atomically: true, encoding: .utf8)
    }

    /// The seed, what it found, what of its history is needed for that, and the last of the trace.
    static func report(_ play: Play, lines: Int = 60) -> String {
        let short = shrink(play)
        var text = "seed \(play.history.seed): \(play.finding?.description ?? "nothing")\n"
        text += "replay it with SIMULATION_SEEDS=\(play.history.seed)..\(play.history.seed)\n"
        text += "shortest history, \(short.history.entries.count) of \(play.history.entries.count) acts:\n"
        for entry in short.history.entries { text += "  after \(entry.wait.text): \(entry.act.text)\n" }
        text += "its end, milliseconds since its start:\n"
        for line in short.simulation.trace.lines.suffix(lines) { text += "  \(line)\n" }
        return text
    }
}
