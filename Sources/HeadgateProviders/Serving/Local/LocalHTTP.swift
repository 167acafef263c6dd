import AsyncHTTPClient
import FoundationEssentials
import HeadgateCore
import NIOCore
import NIOHTTP1

/// Requests to processes of this machine.
enum LocalHTTP {
    private static let client = HTTPClient(
        eventLoopGroupProvider: .singleton,
        configuration: HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: .init(connect: .seconds(2), read: .seconds(60))))

    /// Whether a model server says that it is ready: 200 to a GET, nothing else.
    static func isReady(port: Int, path: String, within limit: Duration = .seconds(2)) async -> Bool {
        let path = path.hasPrefix("/") ? path : "/" + path
        let request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)")
        guard
            let response = try? await client.execute(
                request, timeout: .milliseconds(limit.milliseconds))
        else { return false }
        // Read to its end, or the connection is not used again.
        _ = try? await response.body.collect(upTo: 1 << 20)
        return response.status == .ok
    }

    /// Asks a server on a Unix socket, and gives its answer's status and body.
    static func ask(
        socket: String, _ method: HTTPMethod, _ path: String, body: [UInt8]? = nil
    ) async throws -> (status: UInt, body: [UInt8]) {
        var request = HTTPClientRequest(url: "http+unix://\(escaped(socket))\(path)")
        request.method = method
        if let body { request.body = .bytes(ByteBuffer(bytes: body)) }
        let response = try await client.execute(request, timeout: .seconds(10))
        var answer = try await response.body.collect(upTo: 256 << 20)
        return (response.status.code, answer.readBytes(length: answer.readableBytes) ?? [])
    }

    static func escaped(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default: result += "%" + Hex.encode([byte]).uppercased()
            }
        }
        return result
    }
}
