import Foundation
package import HeadgateAPI
import HeadgateCore
import Hummingbird
package import Logging
import NIOCore

/// Serves the JSON API on a Unix socket or TCP.
///
/// Whoever can open the socket is the operator: it stands in a folder of mode 0700. Over TCP a token is asked for, and
/// without one only loopback is listened on.
package struct APIServer: Sendable {
    private let facade: any ControllerFacade
    private let address: APIAddress
    private let token: String?
    private let logger: Logger

    /// - Throws: ``APIProblem`` for an address that would let strangers in.
    package init(facade: any ControllerFacade, address: APIAddress, token: String?, logger: Logger) throws {
        self.facade = facade
        self.address = address
        self.token = token
        self.logger = logger
        guard case .http(let url) = address, token == nil else { return }
        guard let host = URLComponents(string: url)?.host, ["127.0.0.1", "localhost", "::1", "[::1]"].contains(host)
        else {
            throw APIProblem(.invalid, "--listen \(url) is open to others: set a token, or listen on 127.0.0.1")
        }
    }

    /// Serves until cancelled or asked to stop.
    ///
    /// - Parameter listening: Called once the address is taken.
    /// - Throws: ``APIProblem`` for an address that cannot be listened on.
    package func run(listening: @escaping @Sendable () -> Void = {}) async throws {
        let router = Router()
        router.add(middleware: Authorization(token: token))
        router.add(middleware: UnknownRoutes())
        APIRoutes(facade: facade).add(to: router)
        var configuration: ApplicationConfiguration
        switch address {
        case .unixSocket(let path):
            configuration = ApplicationConfiguration(address: .unixDomainSocket(path: path))
        case .http(let url):
            let parts = URLComponents(string: url)
            configuration = ApplicationConfiguration(
                address: .hostname(parts?.host ?? "127.0.0.1", port: parts?.port ?? 7070))
        }
        configuration.serverName = "headgate"
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        let application = Application(
            router: router, configuration: configuration, onServerRunning: { _ in listening() }, logger: quiet)
        do {
            try await application.run()
        } catch let error as IOError {
            throw APIProblem(
                .failed, "cannot listen on \(address): \(String(cString: strerror(error.errnoCode)).lowercased())")
        }
    }
}

/// Asks for the token on every route but health and webhooks, which carry their own proof.
struct Authorization<Context: RequestContext>: RouterMiddleware {
    let token: String?

    @concurrent
    func handle(
        _ request: Request, context: Context,
        next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        guard let token, !isOpen(request.uri.path) else { return try await next(request, context) }
        let given = request.headers[.authorization] ?? ""
        guard Self.isEqual(given, "Bearer \(token)") else {
            return try Response.json(
                APIProblem(.unauthorized, "a valid token is needed: give --token-file"), status: .unauthorized)
        }
        return try await next(request, context)
    }

    private func isOpen(_ path: String) -> Bool {
        path == "/healthz" || path == "/readyz" || path.hasPrefix("/hooks/")
    }

    /// Takes the same time wherever the texts differ.
    private static func isEqual(_ left: String, _ right: String) -> Bool {
        let (a, b) = (Array(left.utf8), Array(right.utf8))
        var difference = a.count ^ b.count
        for index in 0..<max(a.count, b.count) {
            difference |= Int((index < a.count ? a[index] : 0) ^ (index < b.count ? b[index] : 1))
        }
        return difference == 0
    }
}

/// Says in JSON that there is no such route, as every other problem is said.
struct UnknownRoutes<Context: RequestContext>: RouterMiddleware {
    @concurrent
    func handle(
        _ request: Request, context: Context,
        next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as HTTPError where error.status == .notFound {
            return try Response.json(
                APIProblem(.notFound, "there is no route \(request.uri.path)"), status: .notFound)
        }
    }
}

extension Response {
    /// A JSON answer with stable order of members.
    static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        json(ByteBuffer(bytes: try encoder.encode(value)), status)
    }

    /// A JSON list, written item by item: an encoder holds a tree of all that it is given, many times the text's size.
    static func json(_ list: [some Encodable]) throws -> Response {
        let encoder = encoder
        var text = ByteBuffer(string: "[")
        for (index, item) in list.enumerated() {
            if index > 0 { text.writeString(",") }
            text.writeBytes(try encoder.encode(item))
        }
        text.writeString("]")
        return json(text, .ok)
    }

    private static var encoder: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }

    private static func json(_ text: ByteBuffer, _ status: HTTPResponse.Status) -> Response {
        Response(
            status: status, headers: [.contentType: "application/json"], body: ResponseBody(byteBuffer: text))
    }

    static func plain(_ text: String, status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}
