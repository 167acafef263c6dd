import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// Requests to a model, one after another, until it is stopped.
actor Load {
    /// How many requests were sent.
    private(set) var sent = 0
    /// What became of requests without a complete answer, or with one that says that nobody could answer.
    private(set) var lost: [String] = []
    /// Versions that answered, each once, in order.
    private(set) var versions: [String] = []
    private var task: Task<Void, Never>?

    /// - Parameter url: What is asked for at the router.
    func start(_ url: String) {
        task = Task {
            while !Task.isCancelled {
                await ask(url)
                try? await Task.sleep(for: .milliseconds(10))
            }
        }
    }

    func stop() async {
        task?.cancel()
        await task?.value
        task = nil
    }

    private func ask(_ url: String) async {
        sent += 1
        do {
            let answer = try await Answer.get(url)
            if answer.status >= 500 { lost.append("answered \(answer.status): \(answer.text)") }
            if let version = answer.version, versions.last != version { versions.append(version) }
        } catch {
            lost.append("\(error)")
        }
    }
}

/// A model's answer, and who gave it.
struct Answer: Sendable {
    let status: UInt
    let text: String
    /// The first digits of the version's digest, as the router names it.
    let version: String?

    static func get(_ url: String) async throws -> Answer {
        // In a task of its own, so that a load that is stopped does not lose its last request.
        try await Task {
            let response = try await HTTPClient.shared.execute(HTTPClientRequest(url: url), timeout: .seconds(30))
            let body = try await response.body.collect(upTo: 1 << 20)
            return Answer(
                status: response.status.code, text: String(buffer: body),
                version: response.headers.first(name: "x-headgate-version"))
        }.value
    }
}
