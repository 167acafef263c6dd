import Foundation
import Testing

/// A real controller is killed again and again during a story, and the story ends as if it had not been.
@Suite(.serialized) struct CrashTests {
    /// How the story ends when nobody disturbs it.
    private static let undisturbed = Task { try await CrashStory(.stub).play() }

    // The write is durable and none of its effects has begun, or it is decided and lost while the effects of the one
    // before run. A controller that starts writes what it finds, so the next one must come further than the last.
    @Test(
        .timeLimit(.minutes(5)),
        arguments: [
            [ControllerProcess.CrashPoint.after(1), .after(2), .after(3), .after(4), .after(5)],
            [.before(2), .before(3), .before(5), .before(4), .before(6)],
        ])
    func `killed at its ledger's writes again and again, it tells the same story`(
        _ points: [ControllerProcess.CrashPoint]
    ) async throws {
        let kills = try await tell(.stub, points, as: try await Self.undisturbed.value)
        #expect(kills > 10, "it was hardly ever killed")
    }

    /// Tells a story whose controllers end themselves; gives how many did.
    private func tell(
        _ script: Script, _ points: [ControllerProcess.CrashPoint], as expected: CrashStory.Ending
    ) async throws -> Int {
        let story = try await CrashStory(script, crashes: points)
        let ending = try await story.play()
        #expect(ending == expected)
        #expect(story.overlaps == "", "a key had two live attempts")
        #expect(await story.load.lost == [], "requests were lost")
        #expect(await story.load.sent > 20)
        return await story.controller.starts - 1
    }

    @Test(.enabled(if: isLong, "tells a hundred stories or more"), .timeLimit(.minutes(60)))
    func `killed once at each of its ledger's writes in turn, it tells the same story`() async throws {
        let expected = try await Self.undisturbed.value
        var write = 1
        // The controllers after the first reach no such write.
        while try await tell(.stub, [.after(write), .after(.max)], as: expected) > 0 { write += 1 }
        #expect(write > 30)
    }

    private static let isLong = ProcessInfo.processInfo.environment["HEADGATE_LONG_TESTS"] != nil

    @Test(.enabled(if: isLong, "trains real models for minutes"), .timeLimit(.minutes(30)))
    func `killed in the midst of real training, it tells the same story`() async throws {
        let kills = try await tell(
            .training, [.after(3), .after(9), .after(7), .after(11), .after(13)],
            as: try await CrashStory(.training).play())
        #expect(kills >= 5, "it was hardly ever killed")
    }
}
