import Foundation
import HeadgateAPI
import HeadgateTestSupport
import Testing

/// A way to the repository that fails in every manner that a network has.
@Suite(.serialized, .timeLimit(.minutes(5))) struct FaultyNetworkTests {
    @Test func `a faulty way to Git delays a commit, and does nothing else`() async throws {
        let repository = try await TemporaryRepository()
        try await GitServer.http(serving: repository.folder) { server in
            try await FaultyProxy.run(to: server.port) { proxy in
                let url = "http://127.0.0.1:\(proxy.port)/models/.git"
                try await CrashStory(.stub, in: repository, url: url).tell { story in
                    let first = try await story.commit(.first)
                    await story.load.start(try #require(first.address) + "/")
                    let faults = FaultyProxy.Manner.allCases.filter { $0 != .fair }
                    for (index, manner) in faults.enumerated() {
                        let quality = index.isMultiple(of: 2) ? Script.Quality.better : .first
                        try await proxy.behave(manner)
                        async let settled = story.commit(quality)
                        if manner != .slow {
                            try await eventually("a word about a \(manner) connection") {
                                let status: StatusResource? = await story.controller.get("status")
                                return status?.sources.first?.problem.map { _ in true }
                            }
                            try await proxy.behave(.fair)
                        }
                        #expect(try await settled.version == settled.desired)
                        try await proxy.behave(.fair)
                    }
                    await story.load.stop()
                    #expect(await story.load.lost == [])
                    let attempts = try String(contentsOfFile: "\(story.journal)/attempts", encoding: .utf8)
                        .split(separator: "\n")
                    #expect(Set(attempts).count == attempts.count, "a step ran again")
                }
            }
        }
    }
}
