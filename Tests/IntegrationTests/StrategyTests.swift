import Testing

/// Each strategy's example, one after the other, since they have the machine's cores to share with other suites.
@Suite(.serialized) struct StrategyTests {
    @Test(
        .timeLimit(.minutes(5)), arguments: ["rolling", "blue-green", "canary", "ab", "shadow", "recreate"])
    func `each strategy's example truly happens`(_ example: String) throws {
        try Story.play("examples/\(example)/story.py")
    }
}
