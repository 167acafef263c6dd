import Foundation
import HeadgateAPI
import HeadgateCore
import Hummingbird
import NIOCore

/// The routes; each decodes, asks the facade and encodes.
struct APIRoutes: Sendable {
    let facade: any ControllerFacade

    /// A command's and a webhook's largest body, in bytes.
    private static let bodyLimit = 1 << 20

    func add(to router: Router<BasicRequestContext>) {
        router.get("/healthz") { _, _ in Response.plain("ok\n") }
        router.get("/readyz") { _, _ in
            await facade.isReady() ? Response.plain("ok\n") : .plain("not ready\n", status: .serviceUnavailable)
        }
        router.get("/metrics") { _, _ in Response.plain(await facade.metrics()) }
        router.post("/hooks/:name") { request, context in try await webhook(request, context) }
        let api = router.group("/api/v1")
        api.get("status") { _, _ in try Response.json(await facade.status()) }
        lists(api)
        details(api)
        api.post("commands") { request, context in try await command(request, context) }
        api.post("reverts") { request, _ in
            try await answering {
                try Response.json(
                    await facade.revert(try await body(of: request, RevertRequest.self, "a request to revert")))
            }
        }
        api.post("maintenance") { request, _ in
            try await answering {
                let wanted = try await body(of: request, MaintenanceRequest.self, "a request for maintenance")
                return try Response.json(await facade.maintain(wanted))
            }
        }
        api.get("maintenance") { request, _ in
            try await answering {
                let number = number(request, "number")
                guard let status = await facade.maintenance(number) else {
                    let what = number.map { "request \($0) of the state folder is not known" }
                    throw APIProblem(.notFound, what ?? "nothing was asked of the state folder yet")
                }
                return try Response.json(status)
            }
        }
        api.post("sources/:name/reconcile") { _, context in
            try await answering {
                try await facade.reconcile(source: try name(context))
                return try Response.json(CommandAnswer())
            }
        }
    }

    private func lists(_ api: RouterGroup<BasicRequestContext>) {
        api.get("models") { _, _ in try Response.json(await facade.models()) }
        api.get("deployments") { _, _ in try Response.json(await facade.deployments()) }
        api.get("targets") { _, _ in try Response.json(await facade.targets()) }
        api.get("policies") { _, _ in try Response.json(await facade.policies()) }
        api.get("versions") { request, _ in
            try Response.json(await facade.versions(of: query(request, "model")))
        }
        api.get("runs") { request, _ in
            try await answering {
                try Response.json(
                    await facade.runs(of: query(request, "model"), limit: number(request, "limit") ?? 50))
            }
        }
        api.get("events") { request, _ in
            try await answering {
                try Response.json(
                    await facade.events(
                        after: number(request, "after").map(Int64.init), object: query(request, "object"),
                        limit: number(request, "limit") ?? 100))
            }
        }
    }

    private func details(_ api: RouterGroup<BasicRequestContext>) {
        api.get("deployments/:name/history") { _, context in
            try await answering {
                try Response.json(await facade.history(of: try name(context)))
            }
        }
        api.get("deployments/:name/trace") { _, context in
            try await answering { try Response.json(await facade.trace(try name(context))) }
        }
        api.get("deployments/:name/log") { request, context in
            try await answering {
                let wanted = ServerLogRequest(
                    version: query(request, "version"), replica: number(request, "replica") ?? 0,
                    after: query(request, "after"), tail: number(request, "tail"))
                return try Response.json(await facade.serverLog(try name(context), wanted))
            }
        }
        api.get("verdict") { request, _ in
            try await answering { try Response.json(await facade.verdict(query(request, "name") ?? "")) }
        }
        api.get("runs/:id/log") { request, context in
            try await answering {
                try Response.json(
                    await facade.log(
                        of: try context.parameters.require("id"), from: number(request, "offset") ?? 0))
            }
        }
    }

    private func command(_ request: Request, _ context: BasicRequestContext) async throws -> Response {
        try await answering {
            try Response.json(try await facade.obey(try await body(of: request, Command.self, "a command")))
        }
    }

    private func body<Value: Decodable>(
        of request: Request, _ type: Value.Type, _ what: String
    ) async throws -> Value {
        let bytes = try await request.body.collect(upTo: Self.bodyLimit)
        guard let value = try? JSONDecoder().decode(type, from: Data(bytes.readableBytesView)) else {
            throw APIProblem(.invalid, "the body is not \(what)")
        }
        return value
    }

    // The body is capped and its signature checked before anything in it is read.
    private func webhook(_ request: Request, _ context: BasicRequestContext) async throws -> Response {
        guard let name = context.parameters.get("name"),
            let body = try? await request.body.collect(upTo: Self.bodyLimit)
        else { return Response(status: .notFound) }
        var headers: [String: String] = [:]
        for field in request.headers { headers[field.name.canonicalName] = field.value }
        let accepted = await facade.webhook(name, headers: headers, body: Array(body.readableBytesView))
        return Response(status: accepted ? .accepted : .notFound)
    }

    private func answering(_ body: () async throws -> Response) async throws -> Response {
        do {
            return try await body()
        } catch let problem as APIProblem {
            return try Response.json(problem, status: problem.code.status)
        } catch let error as HTTPError {
            throw error
        } catch {
            return try Response.json(APIProblem(.failed, "\(error)"), status: .internalServerError)
        }
    }

    private func name(_ context: BasicRequestContext) throws -> String {
        let text = try context.parameters.require("name")
        return text.removingPercentEncoding ?? text
    }

    private func query(_ request: Request, _ name: String) -> String? {
        request.uri.queryParameters.get(name)
    }

    private func number(_ request: Request, _ name: String) -> Int? {
        query(request, name).flatMap { Int($0) }
    }
}

extension APIProblem.Code {
    var status: HTTPResponse.Status {
        switch self {
        case .notFound: .notFound
        case .invalid: .badRequest
        case .refused: .conflict
        case .unauthorized: .unauthorized
        case .unreachable: .badGateway
        case .failed: .internalServerError
        }
    }
}
