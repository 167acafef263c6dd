import HeadgateCore

/// One version's files below its Deployment's folder: the bundle, the replicas, and what is served.
struct VersionFolder: Hashable, Sendable {
    let path: String
    let version: VersionID

    init(deployment: String, version: VersionID) {
        path = deployment + "/" + version.digest.hex
        self.version = version
    }

    /// Versions that have a folder.
    static func all(in deployment: String) -> [VersionFolder] {
        LocalFiles.names(in: deployment).compactMap { VersionID($0) }.map {
            VersionFolder(deployment: deployment, version: $0)
        }
    }

    var served: ServedVersion? { JSONFile.read(ServedVersion.self, path + "/served.json") }

    func write(_ served: ServedVersion) throws {
        try LocalFiles.createFolders(path)
        try JSONFile.write(served, to: path + "/served.json")
    }

    func replica(_ index: Int) -> String { "\(path)/replicas/\(index)" }

    /// Indices of replicas that were started and not removed.
    var replicas: [Int] { LocalFiles.names(in: path + "/replicas").compactMap { Int($0) }.sorted() }

    private var bundle: String { path + "/bundle" }

    /// The bundle's folders once it is complete, nil before.
    func workspace(_ bundle: ServingBundle) -> Workspace? {
        LocalFiles.isFolder(self.bundle) ? Self.workspace(bundle, root: self.bundle) : nil
    }

    static func inputs(_ bundle: ServingBundle) -> [WorkspaceInput] {
        [WorkspaceInput(path: bundle.artifactPath, content: .stored(bundle.artifact))]
            + bundle.inputs.map {
                WorkspaceInput(path: $0.path, content: .tracked(source: bundle.source, entry: $0.entry))
            }
    }

    static func workspace(_ bundle: ServingBundle, root: String) -> Workspace {
        let paths = inputs(bundle).map(\.path)
        let depth = paths.map { $0.split(separator: "/").prefix { $0 == ".." }.count }.max() ?? 0
        return Workspace(root: root, depth: depth, inputs: paths)
    }

    /// Brings the bundle's files here, once.
    func materialize(_ bundle: ServingBundle, _ filler: WorkspaceFiller) async throws {
        let complete = self.bundle
        if LocalFiles.isFolder(complete) { return }
        let partial = complete + ".partial"
        try await Blocking.run { () throws(SystemError) in try LocalFiles.remove(partial) }
        let workspace = Self.workspace(bundle, root: partial)
        _ = try await filler.fill(workspace, Self.inputs(bundle))
        try LocalFiles.move(partial, to: complete)
    }

    /// The specification of one replica's shim.
    func spec(
        _ served: ServedVersion, _ workspace: Workspace, port: Int, replica: String,
        environment: PythonEnvironments.Prepared?, configuration: RunnerConfiguration
    ) throws(StepError) -> ShimSpec {
        guard let serve = served.bundle.serve, let model = workspace.resolve(served.bundle.artifactPath) else {
            throw StepError(.input, "the version has no serve section", mayRetry: false)
        }
        var variables = StepVariables.base(configuration.searchPath, environment)
        variables["HOME"] = replica + "/home"
        variables["TMPDIR"] = replica + "/tmp"
        variables.merge(serve.variables) { _, own in own }
        let values = [("$(port)", String(port)), ("$(model)", workspace.absolute(model))]
        let command = serve.command.map { argument in
            values.reduce(argument) { text, value in
                text.split(separator: value.0, omittingEmptySubsequences: false).joined(separator: value.1)
            }
        }
        return ShimSpec(
            command: command, directory: workspace.directory, environment: variables,
            mode: .server(ShimSpec.RestartPolicy()), grace: serve.drain, log: configuration.log,
            limits: configuration.limits)
    }
}
