import HeadgateCore

/// The files of the versions that an exec target runs, each once, however many Deployments share it.
actor ExecBundles {
    private let folder: String
    private let filler: WorkspaceFiller
    private let turns = Turns<VersionID>()
    /// Versions by Deployment; nil before what an earlier controller left was read.
    private var wanted: [String: Set<VersionID>]?

    init(folder: String, filler: WorkspaceFiller) {
        self.folder = folder
        self.filler = filler
    }

    private var bundles: String { folder + "/versions" }
    private var records: String { folder + "/deployments" }

    /// Brings a Deployment's versions here, beside those that it has.
    func prepare(_ state: ServingState) async throws(TargetError) -> [ExecRequest.Version] {
        let before = known[Self.name(state.deployment)] ?? []
        try record(before.union(state.versions.map(\.version)), of: state.deployment)
        var versions: [ExecRequest.Version] = []
        for served in state.versions { versions.append(try await bring(served)) }
        return versions
    }

    /// Keeps of a Deployment's versions only those of a state that the program took over.
    func settle(_ state: ServingState) async throws(TargetError) {
        try await keep(Set(state.versions.map(\.version)), of: state.deployment)
    }

    /// Forgets a Deployment that the program removed.
    func forget(_ deployment: DeploymentID) async throws(TargetError) { try await keep(nil, of: deployment) }

    private func bring(_ served: ServedVersion) async throws(TargetError) -> ExecRequest.Version {
        let place = VersionFolder(deployment: bundles, version: served.version)
        let problem: String?
        do {
            problem = try await turns.take(served.version) { () async throws(CancellationError) -> String? in
                do {
                    try await place.materialize(served.bundle, filler)
                    return nil
                } catch {
                    return "\(error)"
                }
            }
        } catch {
            problem = "nobody waits for it any more"
        }
        guard problem == nil, let workspace = place.workspace(served.bundle),
            let model = workspace.resolve(served.bundle.artifactPath)
        else {
            let reason = problem ?? "its artifact leads out of its folder"
            throw TargetError(.unreachable, "the files of version \(served.version.short) are not here: \(reason)")
        }
        return ExecRequest.Version(
            version: served.version.description, replicas: served.replicas, model: workspace.absolute(model),
            folder: workspace.directory, command: served.bundle.serve?.command)
    }

    /// Deletes the files of versions that no Deployment wants any more.
    private func keep(_ versions: Set<VersionID>?, of deployment: DeploymentID) async throws(TargetError) {
        let dropped = (known[Self.name(deployment)] ?? []).subtracting(versions ?? [])
        try record(versions, of: deployment)
        for version in dropped.sorted() where !known.values.contains(where: { $0.contains(version) }) {
            let path = VersionFolder(deployment: bundles, version: version).path
            do throws(SystemError) {
                try await Blocking.run { () throws(SystemError) in try LocalFiles.remove(path) }
            } catch {
                throw TargetError(.unreachable, "\(error)")
            }
        }
    }

    // MARK: Records

    private static func name(_ deployment: DeploymentID) -> String {
        "\(deployment.source.text).\(deployment.name.text).json"
    }

    private var known: [String: Set<VersionID>] {
        if let wanted { return wanted }
        var found: [String: Set<VersionID>] = [:]
        for name in LocalFiles.names(in: records) {
            found[name] = JSONFile.read(Set<VersionID>.self, "\(records)/\(name)")
        }
        wanted = found
        return found
    }

    private func record(_ versions: Set<VersionID>?, of deployment: DeploymentID) throws(TargetError) {
        let name = Self.name(deployment)
        guard known[name] != versions else { return }
        wanted?[name] = versions
        do {
            if let versions {
                try LocalFiles.createFolders(records)
                try JSONFile.write(versions, to: "\(records)/\(name)", durable: false)
            } else {
                try LocalFiles.remove("\(records)/\(name)")
            }
        } catch {
            wanted = nil
            throw TargetError(.unreachable, "cannot record what \(deployment.name) serves: \(error)")
        }
    }
}
