import AsyncHTTPClient
import FoundationEssentials
import HeadgateCore
import NIOCore
import NIOHTTP1

/// One running server, as the Open Inference Protocol and its model repository extension let us ask it.
///
/// Nothing that it says is trusted: answers have a largest size, and every call a deadline.
///
/// Source: https://github.com/kserve/open-inference-protocol
struct InferenceServer: Hashable, Sendable {
    /// `http://host:port`.
    let url: String
    /// As the router names it.
    let endpoint: String

    init?(_ endpoint: OpenInferenceTargetSpec.Endpoint) {
        guard let address = endpoint.address else { return nil }
        self.endpoint = address
        url = "http://" + address
    }

    /// What a server said, or that it said nothing.
    enum Readiness: Hashable, Sendable {
        case ready
        case notReady
        case unreachable(String)
    }

    /// A server's answer that is no success; the text is for people, bounded and printable.
    struct Refusal: Error, Hashable, Sendable, CustomStringConvertible {
        /// Nil when there was no whole answer.
        let status: UInt?
        let message: String
        var description: String { message }
    }

    private static let answerLimit = 4 << 20
    private static let probeLimit = Duration.seconds(5)

    private static let client = HTTPClient(
        eventLoopGroupProvider: .singleton,
        configuration: HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: .init(connect: .seconds(3))))

    /// What it calls itself, such as `mlserver 1.7.1`.
    func nameAndVersion() async throws(Refusal) -> String {
        struct Metadata: Decodable {
            let name: String
            let version: String
        }
        let answer = try await ask(.GET, "/v2", within: Self.probeLimit)
        guard let metadata = try? JSONFile.decode(Metadata.self, answer) else {
            throw Refusal(
                status: 200, message: "does not speak the Open Inference Protocol: /v2 has no name and version")
        }
        return Self.printable("\(metadata.name) \(metadata.version)")
    }

    func isReady() async throws(Refusal) -> Bool {
        do throws(Refusal) {
            _ = try await ask(.GET, "/v2/health/ready", within: Self.probeLimit)
            return true
        } catch {
            guard error.status == nil else { return false }
            throw error
        }
    }

    /// Asks for the model repository's index, which is there if models can be loaded.
    func index() async throws(Refusal) {
        _ = try await ask(.POST, "/v2/repository/index", body: Array("{}".utf8), within: Self.probeLimit)
    }

    /// Whether one version can answer; the repository's index is not asked, since MLServer's counts by name only.
    func readiness(of model: ServedModel) async -> Readiness {
        do throws(Refusal) {
            _ = try await ask(.GET, model.path + "/ready", within: Self.probeLimit)
            return .ready
        } catch {
            return error.status == nil ? .unreachable(error.message) : .notReady
        }
    }

    /// Returns when the server says that the model is loaded.
    func load(_ model: ServedModel, within limit: Duration) async throws(Refusal) {
        _ = try await ask(.POST, "/v2/repository/models/\(model.name)/load", body: Array("{}".utf8), within: limit)
    }

    /// Returns when the server no longer answers for the model; one that it does not know is fine.
    func unload(_ model: ServedModel, within limit: Duration) async throws(Refusal) {
        do throws(Refusal) {
            _ = try await ask(
                .POST, "/v2/repository/models/\(model.name)/unload", body: Array("{}".utf8), within: limit)
        } catch {
            guard error.status == 404 || error.status == 400 else { throw error }
        }
        // Triton says that it began.
        let end = ContinuousClock.now + limit
        while true {
            switch await readiness(of: model) {
            case .notReady: return
            case .unreachable(let message): throw Refusal(status: nil, message: message)
            case .ready:
                guard ContinuousClock.now < end, (try? await Task.sleep(for: .milliseconds(100))) != nil else {
                    throw Refusal(status: 200, message: "still answers for \(model.name)")
                }
            }
        }
    }

    /// Types of outputs by name, as the model declares them; empty when it declares none.
    func declaredOutputs(of model: ServedModel) async throws(Refusal) -> [String: String] {
        InferenceAnswer.outputs(try await ask(.GET, model.path, within: Self.probeLimit)) ?? [:]
    }

    func infer(_ request: [UInt8], _ model: ServedModel, within limit: Duration) async throws(Refusal) -> [UInt8] {
        try await ask(.POST, model.path + "/infer", body: request, within: limit)
    }

    private func ask(
        _ method: HTTPMethod, _ path: String, body: [UInt8]? = nil, within limit: Duration
    ) async throws(Refusal) -> [UInt8] {
        var request = HTTPClientRequest(url: url + path)
        request.method = method
        if let body {
            request.headers.add(name: "content-type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: body))
        }
        let exchange = request
        do {
            // The client's own time-out ends with the head of the answer.
            let (status, answer) = try await withThrowingTaskGroup(of: (UInt, [UInt8]).self) { group in
                group.addTask {
                    let response = try await Self.client.execute(exchange, timeout: .milliseconds(limit.milliseconds))
                    var bytes = try await response.body.collect(upTo: Self.answerLimit)
                    return (response.status.code, bytes.readBytes(length: bytes.readableBytes) ?? [])
                }
                group.addTask {
                    try await Task.sleep(for: limit)
                    throw HTTPClientError.deadlineExceeded
                }
                defer { group.cancelAll() }
                return try await group.next() ?? (0, [])
            }
            guard status == 200 else { throw Refusal(status: status, message: Self.message(of: answer, status)) }
            return answer
        } catch let refusal as Refusal {
            throw refusal
        } catch let error as HTTPClientError where error == .deadlineExceeded || error == .connectTimeout {
            throw Refusal(status: nil, message: "no whole answer within \(limit.text)")
        } catch is NIOTooManyBytesError {
            throw Refusal(status: 0, message: "the answer is larger than \(Self.answerLimit >> 20) MiB")
        } catch {
            throw Refusal(status: nil, message: "no whole answer: \(Self.printable("\(error)"))")
        }
    }

    /// The protocol's `error`, or the end of what a server wrote instead, such as Python's traceback.
    static func message(of answer: [UInt8], _ status: UInt) -> String {
        if let document = try? JSONFile.decode(JSONValue.self, answer), case .object(let members) = document,
            case .string(let error)? = members["error"]
        {
            return printable(error)
        }
        let lines = String(decoding: answer.suffix(4096), as: UTF8.self).split(whereSeparator: \.isNewline)
        guard let last = lines.last(where: { $0.contains { !$0.isWhitespace } }) else { return "answered \(status)" }
        return "answered \(status): \(printable(last))"
    }

    private static func printable(_ text: some StringProtocol) -> String {
        let clean = text.unicodeScalars.prefix(1000).map { scalar in
            scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) ? " " : String(scalar)
        }.joined()
        return clean.split(separator: " ").joined(separator: " ")
    }
}
