import AsyncHTTPClient
import Foundation
import HeadgateCore
import NIOCore
import NIOHTTP1

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
        try JSONDecoder().decode(Resource.self, from: data)
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
            response = try await HTTPClient.shared.execute(request, timeout: limit)
        } catch {
            throw APIProblem(
                message: "no controller answers at \(address): is `headgate run` running? (\(error))")
        }
        let data = Data(try await response.body.collect(upTo: 64 << 20).readableBytesView)
        guard (200..<300).contains(response.status.code) else {
            throw (try? JSONDecoder().decode(APIProblem.self, from: data))
                ?? APIProblem(message: "\(address) answered \(response.status.code)")
        }
        return data
    }
}
