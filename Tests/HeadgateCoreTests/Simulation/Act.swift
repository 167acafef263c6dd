@testable import HeadgateCore

/// One thing that happens to the simulated world.
enum Act: Hashable {
    /// A person pushes a commit.
    case commit(Contents)
    /// The branch goes back to an earlier commit, counted from the newest.
    case forcePush(back: Int)
    case webhooks(Int)
    case git(GitFault, Duration)
    /// Of the steps that start next.
    case steps(StepFault, count: Int)
    case target(TargetName, TargetFault, Duration)
    /// A target loses all that it holds.
    case amnesia(TargetName)
    case answers(AnswerFault, Duration)
    case checks(CheckAnswer.Outcome, Duration)
    /// The process dies at its nth next write to the ledger, before it or with so many of its effects started.
    case crash(write: Int, effects: Int?)
    case clock(Duration)
    case diskFull(Duration)
    case person(Word)

    enum GitFault: Hashable, CaseIterable { case gone, slow, halfFetched }
    enum StepFault: Hashable, CaseIterable { case hangs, dies, isLost, isSlow }
    enum TargetFault: Hashable, CaseIterable { case unreachable, deaf, flapping, refusing, slow }
    enum AnswerFault: Hashable, CaseIterable { case lost, late, repeated, reordered }

    /// What a person asks of a Deployment.
    enum Word: Hashable {
        case rollback(DeploymentID)
        case hold(DeploymentID)
        case release(DeploymentID)
        case suspend(DeploymentID)
        case resume(DeploymentID)
        case retry(DeploymentID)
        case approve(DeploymentID)
        case promote(DeploymentID)
        case abort(DeploymentID)
        case pause(DeploymentID)
        case override(DeploymentID)

        static let all: [@Sendable (DeploymentID) -> Word] = [
            Word.rollback, Word.hold, Word.release, Word.suspend, Word.resume, Word.retry, Word.approve,
            Word.promote, Word.abort, Word.pause, Word.override,
        ]
    }
}

/// A history: what happens, and how long after the thing before.
struct History {
    struct Entry: Hashable {
        let wait: Duration
        let act: Act
    }

    let seed: UInt64
    var entries: [Entry]

    /// The history that a seed stands for.
    init(seed: UInt64) {
        self.seed = seed
        var generator = SeededGenerator(seed: seed)
        var contents = Contents()
        entries = [Entry(wait: .zero, act: .commit(contents))]
        for _ in 0..<Int.random(in: 3...12, using: &generator) {
            let wait = Self.wait(&generator)
            let act = Self.act(&contents, &generator)
            entries.append(Entry(wait: wait, act: act))
        }
    }

    init(seed: UInt64, entries: [Entry]) {
        self.seed = seed
        self.entries = entries
    }

    private static func wait(_ generator: inout SeededGenerator) -> Duration {
        let longest = [50, 3_000, 40_000, 300_000].randomElement(using: &generator) ?? 50
        return .milliseconds(Int.random(in: 0...longest, using: &generator))
    }

    private static func act(_ contents: inout Contents, _ generator: inout SeededGenerator) -> Act {
        let span = Duration.seconds(Int.random(in: 5...400, using: &generator))
        switch Int.random(in: 0..<22, using: &generator) {
        case 0...7:
            contents.change(&generator)
            if Bool.random(using: &generator) { contents.change(&generator) }
            return .commit(contents)
        case 8: return .forcePush(back: Int.random(in: 1...3, using: &generator))
        case 9: return .git(Act.GitFault.allCases.randomElement(using: &generator) ?? .gone, span)
        case 10, 11:
            let fault = Act.StepFault.allCases.randomElement(using: &generator) ?? .dies
            return .steps(fault, count: [1, 1, 2, 50].randomElement(using: &generator) ?? 1)
        case 12, 13:
            let target = Bool.random(using: &generator) ? Names.left : Names.right
            return .target(target, Act.TargetFault.allCases.randomElement(using: &generator) ?? .deaf, span)
        case 14: return .amnesia(Bool.random(using: &generator) ? Names.left : Names.right)
        case 15, 16: return .answers(Act.AnswerFault.allCases.randomElement(using: &generator) ?? .lost, span)
        case 17: return .checks(Bool.random(using: &generator) ? .fail : .inconclusive, span)
        case 18:
            let effects = Int.random(in: -1...3, using: &generator)
            return .crash(write: Int.random(in: 1...8, using: &generator), effects: effects < 0 ? nil : effects)
        case 19:
            let jumps: [Duration] = [.seconds(-7200), .seconds(-30), .seconds(45), .seconds(7200)]
            return .clock(jumps.randomElement(using: &generator) ?? .zero)
        case 20: return Bool.random(using: &generator) ? .diskFull(span) : .webhooks(200)
        default:
            let id = Names.deployments.randomElement(using: &generator) ?? Names.red
            return .person((Act.Word.all.randomElement(using: &generator) ?? Act.Word.retry)(id))
        }
    }
}

extension Contents {
    /// Changes one thing.
    mutating func change(_ generator: inout SeededGenerator) {
        let quality = [60, 82, 90, 95, 99].randomElement(using: &generator) ?? 90
        switch Int.random(in: 0..<20, using: &generator) {
        case 0...4: wine.quality = quality
        case 5: beer.quality = quality
        case 6: wine.quality = 13
        case 7: wine.evaluation = [-15, 0, nil, 3].randomElement(using: &generator) ?? 0
        case 8: wine.server += 1
        case 9: floor = [70, 80, 92].randomElement(using: &generator) ?? 80
        case 10: replicas = Int.random(in: 1...3, using: &generator)
        case 11: strategy = Strategy.allCases.randomElement(using: &generator) ?? .rolling
        case 12: target = target == Names.left ? Names.right : Names.left
        case 13:
            broken.formSymmetricDifference([
                [Kind.policy, .model, .deployment].randomElement(using: &generator) ?? .policy
            ])
        case 14:
            let names = Names.deployments.map(\.name)
            missing.formSymmetricDifference([names.randomElement(using: &generator) ?? Names.red.name])
        case 15: unreadable.toggle()
        case 16: pathMissing.toggle()
        case 17: depends.toggle()
        case 18: suspended.toggle()
        default:
            switch Int.random(in: 0..<5, using: &generator) {
            case 0: heals.toggle()
            case 1: orphans.toggle()
            case 2: isElsewhere.toggle()
            case 3: isRenamed.toggle()
            default: wine.finishes.toggle()
            }
        }
    }

    /// Puts right what keeps it from being served.
    mutating func repair() {
        broken = []
        unreadable = false
        pathMissing = false
        suspended = false
        floor = 80
        strategy = strategy == .approval ? .steps : strategy
        wine.evaluation = 0
        beer.evaluation = 0
    }
}
