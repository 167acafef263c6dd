import Foundation
import HeadgateCore
import HeadgateTestSupport
import Testing

@testable import HeadgateCommands

/// Collections that nobody asks for.
@Suite(.timeLimit(.minutes(10))) struct CollectionScheduleTests {
    @Test func `a controller collects by its schedule, and keeps what serves and what HEAD asks for`() async throws {
        let repository = try await TemporaryRepository()
        let configuration = "\(repository.folder)/controller.yaml"
        let settings = """
            sources: [{url: "\(repository.path)", branch: main, poll: 200ms}]
            gc: {every: 1s, olderThan: 1ms}

            """
        try Data(settings.utf8).write(to: URL(fileURLWithPath: configuration))
        try await repository.commit("Add the toy model", Toy.files(accuracy: "0.9"))
        try await TestController.during(["--config", configuration], in: repository.folder) { controller in
            try await controller.serves("0.9")
            // Versions that never serve: the first is asked for by nobody any more.
            for accuracy in ["0.1", "0.2"] { try await refuse(accuracy, repository, controller) }
            let isCollected = try await eventually { try await accuracies(controller) == ["0.2", "0.9"] }
            #expect(isCollected, "\(controller.log)")
            #expect(controller.log.contains("collected"))
            try await controller.serves("0.9")
        }
    }

    /// Commits a version that its gate refuses, and waits until it has.
    private func refuse(
        _ accuracy: String, _ repository: TemporaryRepository, _ controller: TestController
    ) async throws {
        try await repository.commit("Worse", ["data.txt": "\(accuracy)\n"])
        let isRefused = try await eventually {
            try await controller.headgate("get", "deployments").output.contains("\(accuracy) is below")
        }
        try #require(isRefused, "\(controller.log)")
    }

    /// What the versions that are known were measured with.
    private func accuracies(_ controller: TestController) async throws -> [String] {
        JSON.list(try await controller.headgate("get", "versions", "-o", "json").output)
            .map { "\(($0["metrics"] as? [String: Any])?["accuracy"] ?? "")" }.sorted()
    }

    @Test func `a restart does not begin the interval anew, and a clock that was set back does not put it off`() throws
    {
        let mark = NSTemporaryDirectory() + "mark-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: mark) }
        let schedule = CollectionSchedule(every: .seconds(3600), olderThan: .seconds(1), mark: mark)
        #expect(schedule.wait() == .seconds(3600))
        let begun = Date(timeIntervalSince1970: 1_000_000)
        try FileManager.default.setAttributes([.modificationDate: begun], ofItemAtPath: mark)
        func wait(after seconds: Int64) -> Duration {
            schedule.wait(now: Instant(milliseconds: (1_000_000 + seconds) * 1000))
        }
        #expect(wait(after: 600) == .seconds(3000))
        #expect(wait(after: 90_000) == .zero)
        #expect(wait(after: -90_000) == .seconds(3600))
    }
}
