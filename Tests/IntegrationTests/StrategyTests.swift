import Foundation
import Testing

/// Each strategy's example, and all strategies together under load while the controller is killed.
@Suite(.serialized) struct StrategyTests {
    @Test(
        .timeLimit(.minutes(5)), arguments: ["rolling", "blue-green", "canary", "ab", "shadow", "recreate"])
    func `each strategy's example truly happens`(_ example: String) throws {
        try Story.play("examples/\(example)/story.py")
    }

    @Test(.timeLimit(.minutes(10)))
    func `no strategy loses a request, forward or back, with the controller killed and with broken candidates`() throws
    {
        let seed = ProcessInfo.processInfo.environment["RELIABILITY_SEED"] ?? "1"
        try Story.play("Tests/reliability.py", ["--seed", seed])
    }
}
