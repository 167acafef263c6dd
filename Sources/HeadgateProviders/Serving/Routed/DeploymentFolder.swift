import HeadgateCore

/// What a target behind our router keeps of one Deployment, and what was last asked for: `desired.json`.
struct DeploymentFolder: Sendable {
    /// What was last asked for.
    struct Desired: Hashable, Sendable, Codable {
        var state: ServingState
        var isRemoved: Bool
    }

    let path: String
    private(set) var desired: Desired

    /// Of a Deployment below a target's folder.
    init(_ id: DeploymentID, in target: String) {
        path = Self.path(of: id, in: target)
        desired =
            JSONFile.read(Desired.self, path + "/desired.json")
            ?? Desired(state: ServingState(deployment: id), isRemoved: false)
    }

    static func path(of id: DeploymentID, in target: String) -> String { "\(target)/serving/\(id.routerKey)" }

    /// Deployments that an earlier controller had on a target.
    static func all(in target: String) -> [DeploymentID] {
        LocalFiles.names(in: target + "/serving").compactMap { DeploymentID(routerKey: $0) }
    }

    /// Records what is asked for; false when it is what was asked for before.
    mutating func want(_ state: ServingState, isRemoved: Bool) throws(TargetError) -> Bool {
        let wanted = Desired(state: state, isRemoved: isRemoved)
        guard wanted != desired || !LocalFiles.exists(path + "/desired.json") else { return false }
        do {
            try LocalFiles.createFolders(path)
            try JSONFile.write(wanted, to: path + "/desired.json")
        } catch {
            throw TargetError(.unreachable, "cannot record the serving state: \(error)")
        }
        desired = wanted
        return true
    }
}
