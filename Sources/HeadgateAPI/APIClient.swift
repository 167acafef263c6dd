import AsyncHTTPClient
import Foundation
import HeadgateCore
import NIOCore
import NIOHTTP1
import NIOPosix

/// Where a controller listens.
package enum APIAddress: Hashable, Sendable, CustomStringConvertible {
    case unixSocket(path: String)
    /// `http://host:port`
    case http(String)

    /// Reads `unix:/path`, `/path`, `host:port` or an URL.
    package init(_ text: String) {
        if text.hasPrefix("unix:") {
            self = .unixSocket(path: String(text.dropFirst(5)))
        } else if text.hasPrefix("/") {
            self = .unixSocket(path: text)
        } else if text.hasPrefix("http://") || text.hasPrefix("https://") {
            self = .http(text)
        } else {
            self = .http("http://\(text)")
        }
    }

    package var description: String {
        switch self {
        case .unixSocket(let path): "unix:\(path)"
        case .http(let url): url
        }
    }

    func url(_ path: String) -> String {
        switch self {
        case .unixSocket(let socket):
            let escaped = socket.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? socket
            return "http+unix://\(escaped)\(path)"
        case .http(let base): return base + path
        }
    }
}

/// Speaks the controller's JSON API.
package struct APIClient: Sendable {
    package let address: APIAddress
    private let token: String?
    private let timeout: Duration

    // Where nobody listens, that is the answer; asking again until the time is over would only be slow.
    private static let client: HTTPClient = {
        var configuration = HTTPClient.Configuration()
        configuration.connectionPool.retryConnectionEstablishment = false
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    package init(address: APIAddress, token: String? = nil, timeout: Duration = .seconds(30)) {
        self.address = address
        self.token = token
        self.timeout = timeout
    }

    /// GETs a resource.
    ///
    /// - Throws: ``APIProblem`` with what the server said, or that it cannot be reached.
    package func get<Resource: Decodable>(_ path: String, as type: Resource.Type = Resource.self) async throws
        -> Resource
    {
        try decode(await send(.GET, path, body: nil))
    }

    /// POSTs a body and decodes the answer.
    package func post<Resource: Decodable>(
        _ path: String, _ body: some Encodable, as type: Resource.Type = Resource.self
    ) async throws -> Resource {
        try decode(await send(.POST, path, body: try JSONEncoder().encode(body)))
    }

    /// The bytes of a text resource.
    package func text(_ path: String) async throws -> String {
        String(decoding: try await send(.GET, path, body: nil), as: UTF8.self)
    }

    private func decode<Resource: Decodable>(_ data: Data) throws -> Resource {
        do {
            return try JSONDecoder().decode(Resource.self, from: data)
        } catch {
            throw APIProblem(
                .failed, "what answers at \(address) is no controller, or one of another version than this program")
        }
    }

    private func send(_ method: HTTPMethod, _ path: String, body: Data?) async throws -> Data {
        var request = HTTPClientRequest(url: address.url(path))
        request.method = method
        if let token { request.headers.add(name: "authorization", value: "Bearer \(token)") }
        if let body {
            request.headers.add(name: "content-type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: body))
        }
        let response: HTTPClientResponse
        do {
            let limit = TimeAmount.milliseconds(timeout.milliseconds)
            response = try await Self.client.execute(request, timeout: limit)
        } catch {
            throw unreachable(error)
        }
        let data: Data
        do {
            data = Data(try await response.body.collect(upTo: 64 << 20).readableBytesView)
        } catch {
            throw APIProblem(.unreachable, "the controller at \(address) broke off its answer")
        }
        guard (200..<300).contains(response.status.code) else {
            throw (try? JSONDecoder().decode(APIProblem.self, from: data))
                ?? APIProblem(
                    .failed,
                    "\(address) answered \(response.status.code) to \(path.prefix { $0 != "?" }): is it a controller?"
                )
        }
        return data
    }

    private func unreachable(_ error: any Error) -> APIProblem {
        if let error = error as? HTTPClientError, [.readTimeout, .deadlineExceeded].contains(error) {
            return APIProblem(.unreachable, "the controller at \(address) did not answer in \(timeout.text)")
        }
        let cause: String
        if let error = (error as? NIOConnectionError)?.connectionErrors.first?.error as? IOError ?? error as? IOError {
            cause = String(cString: strerror(error.errnoCode)).lowercased()
        } else {
            cause = "\(error)"
        }
        return APIProblem(
            .unreachable, "no controller answers at \(address) (\(cause)): is `headgate run` running there?")
    }
}
