import Foundation
import HeadgateAPI
import HeadgateTestSupport
import Testing

/// What runs beside the controller is killed, and comes back or is done again.
@Suite(.serialized, .timeLimit(.minutes(5))) struct ProcessEndTests {
    /// Waits for one process of a controller and kills it.
    private func kill(_ controller: ControllerProcess, _ what: String, _ matches: @Sendable ([String]) -> Bool)
        async throws
    {
        let process = try await eventually(what) {
            ProcessList.processes(naming: "\(controller.state)/").first { matches($0.arguments) }
        }
        Foundation.kill(process.id, SIGKILL)
        try await eventually("the end of \(what)") {
            ProcessList.processes(naming: "\(controller.state)/").contains { $0.id == process.id } ? nil : true
        }
    }

    private func served(_ address: String, _ text: String) async throws {
        try await eventually("an answer from \(address)") {
            guard let answer = try? await Answer.get(address + "/") else { return nil as Bool? }
            return answer.status == 200 && answer.text == text ? true : nil
        }
    }

    @Test func `a killed router comes back at its address with what it served`() async throws {
        try await CrashStory(.stub).tell { story in
            let address = try #require(try await story.commit(.first).address)
            try await served(address, "0.90")
            try await kill(story.controller, "the router") { $0.dropFirst().starts(with: ["internal", "router"]) }
            try await served(address, "0.90")
            // Nobody starts it again but the controller, when the shim is gone too.
            try await kill(story.controller, "the router's shim") {
                $0.dropFirst().starts(with: ["internal", "exec"]) && $0.last?.hasSuffix("router-process") == true
            }
            try await kill(story.controller, "the router") { $0.dropFirst().starts(with: ["internal", "router"]) }
            try await served(address, "0.90")
        }
    }

    @Test func `a killed model server comes back, and so does one whose shim was killed`() async throws {
        try await CrashStory(.stub).tell { story in
            let address = try #require(try await story.commit(.first).address)
            try await kill(story.controller, "the model server") { $0.contains("serve.py") }
            try await served(address, "0.90")
            try await kill(story.controller, "the model server's shim") {
                $0.dropFirst().starts(with: ["internal", "exec"]) && $0.last?.contains("/replicas/") == true
            }
            try await served(address, "0.90")
            #expect(try await story.commit(.better).version != nil)
            try await served(address, "0.95")
        }
    }

    @Test func `the step of a killed shim is errored and tried again, never beside what is left of it`() async throws {
        try await CrashStory(.stub).tell { story in
            let hold = "\(story.journal)/hold"
            _ = FileManager.default.createFile(atPath: hold, contents: nil)
            async let settled = story.commit(.first)
            try await eventually("the first step") {
                FileManager.default.fileExists(atPath: "\(story.journal)/attempts") ? true : nil
            }
            try await kill(story.controller, "the step's shim") {
                $0.dropFirst().starts(with: ["internal", "exec"]) && $0.last?.contains("/runs/") == true
            }
            try FileManager.default.removeItem(atPath: hold)
            #expect(try await settled.version != nil)
            let runs: [RunResource] = try await story.answer("the runs", "runs")
            let prepared = runs.filter { $0.step == "prepare" }.sorted { $0.attempt < $1.attempt }
            #expect(prepared.map(\.state) == ["errored", "succeeded"])
            #expect(story.overlaps == "", "a key had two live attempts")
        }
    }
}
