import FoundationEssentials
import HeadgateCore
import Logging
import NIOCore
import NIOHTTP1

/// What the control API does: every change is checked, written to the state file, and then put in force.
///
/// Its event loop is its own, and changes are made on it only, one after the other; the file's write may block it.
struct ControlRoutes: Sendable {
    let router: RouterCore
    let eventLoop: any EventLoop

    func answer(_ method: HTTPMethod, _ uri: String, _ body: ByteBuffer) -> EventLoopFuture<ControlAnswer> {
        let path = uri.prefix { $0 != "?" }
        switch (method, path) {
        case (.GET, "/healthz"), (.HEAD, "/healthz"):
            return now(ControlAnswer(status: .ok, type: "text/plain", body: "ok\n"))
        case (.GET, "/status"): return now(.json(router.status))
        case (.GET, "/metrics"):
            return now(
                ControlAnswer(
                    status: .ok, type: "text/plain; version=0.0.4; charset=utf-8",
                    body: RouterMetricsText.of([router.status])))
        case (_, "/healthz"), (_, "/status"), (_, "/metrics"):
            return now(.problem(.methodNotAllowed, "use GET"))
        default: break
        }
        guard path.hasPrefix("/deployments/"),
            let name = Self.decoded(path.dropFirst("/deployments/".count)), !name.isEmpty
        else { return now(.problem(.notFound, "there is no \(path)")) }
        switch method {
        case .PUT: return put(name, body)
        case .DELETE: return change(name, nil)
        default: return now(.problem(.methodNotAllowed, "use PUT or DELETE"))
        }
    }

    private func put(_ name: String, _ body: ByteBuffer) -> EventLoopFuture<ControlAnswer> {
        let deployment: RouterDeployment
        do {
            deployment = try JSONDecoder().decode(RouterDeployment.self, from: Data(body.readableBytesView))
        } catch {
            return now(.problem(.badRequest, "not a deployment's table: \(error)"))
        }
        let others = router.tables.table.deployments.filter { $0.key != name }.mapValues(\.table.prefix)
        let problems = deployment.problems(beside: others)
        guard problems.isEmpty else {
            return now(.problem(.unprocessableEntity, problems.joined(separator: "; ")))
        }
        return change(name, deployment)
    }

    private func change(_ name: String, _ deployment: RouterDeployment?) -> EventLoopFuture<ControlAnswer> {
        do {
            return try router.change(name, deployment, on: eventLoop).map { changed in
                .json(["changed": changed])
            }
        } catch {
            return now(.problem(.internalServerError, error.message))
        }
    }

    /// A name without its percent signs; nil when it is not UTF-8.
    private static func decoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let decoded = Hex.decode(rest.prefix(2)), decoded.count == 1 else { return nil }
            bytes += decoded
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private func now(_ answer: ControlAnswer) -> EventLoopFuture<ControlAnswer> {
        eventLoop.makeSucceededFuture(answer)
    }
}
