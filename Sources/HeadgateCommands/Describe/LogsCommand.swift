import ArgumentParser
import Foundation
import HeadgateAPI
import HeadgateCore

/// The command `headgate logs RUN|MODEL[/STEP] [-f]`.
struct LogsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "Print the log of a run, or of the newest run of a model.")
    @Argument(help: "A run's id, a model, or model/step.", completion: .logs)
    var name: String
    @Flag(name: [.short, .long], help: "Go on until the run ends.")
    var follow = false
    @OptionGroup var controller: ControllerOptions

    private struct Chunk: Codable {
        var text: String
        var next: Int
        var ended: Bool
    }

    func run() async throws {
        let client = try controller.client()
        let run = try await find(client)
        if run.run != name { Terminal.note("run \(run.run) of \(run.model)/\(run.step): \(run.state)") }
        var offset = 0
        while true {
            let chunk = try await client.get("/api/v1/runs/\(run.run)/log?offset=\(offset)", as: Chunk.self)
            print(chunk.text, terminator: "")
            fflush(nil)
            let isAtEnd = chunk.next == offset
            offset = chunk.next
            guard isAtEnd else { continue }
            if chunk.ended || !follow { break }
            // A log is a file that a step writes; nobody tells when.
            try await Task.sleep(for: .milliseconds(200))
        }
        // What a log does not say: why a run ended that did not by itself.
        let ended = try await client.get("/api/v1/runs?limit=10000", as: [RunResource].self).first { $0.run == run.run }
        if let message = ended?.message { Terminal.note("run \(run.run) \(ended?.state ?? ""): \(message.summary)") }
    }

    private func find(_ client: APIClient) async throws -> RunResource {
        let runs = try await client.get("/api/v1/runs?limit=10000", as: [RunResource].self)
        if let newest = runs.filter({ $0.isNamed(name) }).max(by: { $0.started < $1.started }) { return newest }
        throw APIProblem(.notFound, "there is no run of \(name)")
    }
}
