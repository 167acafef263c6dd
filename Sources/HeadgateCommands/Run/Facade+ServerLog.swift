import HeadgateAPI
import HeadgateController
import HeadgateCore

extension Facade {
    /// The most lines that a log begins with.
    private static let tailLimit = 100_000

    func serverLog(_ deployment: String, _ request: ServerLogRequest) async throws -> ServerLogResource {
        let id = try await deploymentID(deployment)
        let state = await controller.state
        guard let target = state.records[id]?.target else {
            throw APIProblem(.notFound, "nothing serves on \(deployment) yet")
        }
        guard request.replica >= 0, request.tail.map((0...Self.tailLimit).contains) ?? true else {
            throw APIProblem(.invalid, "replica is counted from 0, and tail is 0 through \(Self.tailLimit)")
        }
        let position = request.after.map { LogPosition($0) }
        guard position != .some(nil) else { throw APIProblem(.invalid, "after is not where an earlier part ended") }
        let served = DeploymentView.resource(id, state)?.versions ?? []
        let version = try version(request.version, of: id, served, state)
        let query = ServerLogQuery(
            deployment: id, version: version, replica: request.replica, position: position ?? nil, tail: request.tail)
        let part: ServerLogPart
        do throws(TargetError) {
            part = try await targets.target(target).log(query)
        } catch {
            throw APIProblem(error.code == .rejected ? .refused : .failed, error.message)
        }
        let name = version.description
        return ServerLogResource(
            version: name, role: served.first { $0.version == name }?.role ?? "gone", replica: request.replica,
            others: served.map(\.version).filter { $0 != name }, text: String(decoding: part.bytes, as: UTF8.self),
            next: part.next.description, ended: !part.isLive)
    }

    private func version(
        _ text: String?, of id: DeploymentID, _ served: [ServedResource], _ state: ReconcilerState
    ) throws -> VersionID {
        guard let text else {
            let roles = ["champion", "candidate", "warm", "draining", "unknown"]
            let first = roles.lazy.compactMap { role in served.first { $0.role == role } }.first
            guard let version = first.flatMap({ VersionID($0.version) }) else {
                throw APIProblem(.notFound, "no version of \(id.name) is on its target now")
            }
            return version
        }
        let known = Set(served.compactMap { VersionID($0.version) }).union(state.versions.keys)
        let found = known.filter { $0.description.hasPrefix(text) || $0.digest.hex.hasPrefix(text) }.sorted()
        guard found.count <= 1 else {
            let names = found.prefix(5).map(\.short).joined(separator: " or ")
            throw APIProblem(.invalid, "\(text) could be \(names): write which")
        }
        guard text.count >= 4, let version = found.first else {
            throw APIProblem(.notFound, "there is no version \(text)")
        }
        return version
    }
}
