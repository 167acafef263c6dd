import Testing

/// The stories of the quickstart and of a pull request, with real Git, real training, a real controller and real HTTP.
@Suite(.serialized) struct QuickstartTests {
    @Test(.timeLimit(.minutes(20)))
    func `the quickstart's story truly happens`() throws {
        try Story.play("examples/quickstart/story.py")
    }

    @Test(.timeLimit(.minutes(10)))
    func `a pull request's story truly happens`() throws { try Story.play("examples/pull-request/story.py") }
}
