import Testing

/// The story of the quickstart, with real Git, real training, a real controller and real HTTP.
@Suite struct QuickstartTests {
    @Test(.timeLimit(.minutes(20)))
    func `the quickstart's story truly happens`() throws {
        try Story.play("examples/quickstart/story.py")
    }
}
