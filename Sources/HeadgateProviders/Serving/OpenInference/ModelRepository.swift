import CLinux
import Glibc
import HeadgateCore

/// The folder that servers load models from, in which each version is a folder of its own.
struct ModelRepository: Sendable {
    /// Who a folder belongs to: without this file it is somebody else's.
    private struct Mark: Hashable, Sendable, Codable {
        let version: VersionID
    }

    // Servers pass over names that begin with a dot when they look for models.
    private static let markName = ".headgate.json"
    private static let stagingName = ".headgate"

    let path: String
    let layout: OpenInferenceTargetSpec.Layout
    let filler: WorkspaceFiller

    func folder(of model: ServedModel) -> String { path + "/" + model.name }

    /// Whether a version's files are there as a whole.
    func holds(_ model: ServedModel) -> Bool { LocalFiles.exists(folder(of: model) + "/" + Self.markName) }

    /// Why nothing can be put there; nil when it can.
    var problem: String? {
        guard LocalFiles.isFolder(path) || LocalFiles.isFolder(path + "/.") else {
            return "the model repository \(path) is not a folder of this machine"
        }
        return access(path, W_OK | X_OK) == 0 ? nil : "the model repository \(path) cannot be written"
    }

    /// Puts a version's files there in one move.
    ///
    /// - Throws: ``StepError``: not to be tried again when the files are not what the servers can read.
    func stage(_ bundle: ServingBundle, _ version: VersionID, as model: ServedModel) async throws {
        if holds(model) { return }
        if let problem { throw StepError(.input, problem, mayRetry: true) }
        let destination = folder(of: model)
        guard !LocalFiles.exists(destination) else {
            throw StepError(.input, "\(destination) is there already, and not ours", mayRetry: false)
        }
        let staging = "\(path)/\(Self.stagingName)/\(model.name)"
        try await Blocking.run { () throws(SystemError) in
            try LocalFiles.remove(staging)
            try LocalFiles.createFolders(staging, mode: 0o755)
        }
        defer {
            try? LocalFiles.remove(staging)
            // Stays as long as another version is being staged.
            rmdir(path + "/" + Self.stagingName)
        }
        let workspace = VersionFolder.workspace(bundle, root: staging)
        _ = try await filler.fill(workspace, VersionFolder.inputs(bundle))
        try await Blocking.run {
            let ready =
                switch layout {
                case .mlserver: try prepareForMLServer(workspace, bundle, model)
                case .triton: try prepareForTriton(workspace, bundle, model, in: staging + "/model")
                }
            // What was moved may lead elsewhere from its new place.
            if let link = LinkCheck.firstEscape(in: ready, try FileTree.list(ready)) {
                throw StepError(.input, "the symbolic link \(link) leads out of the version", mayRetry: false)
            }
            try JSONFile.write(Mark(version: version), to: ready + "/" + Self.markName, durable: false)
            guard chmod(ready + "/" + Self.markName, 0o644) == 0, chmod(ready, 0o755) == 0 else {
                throw SystemError("cannot change the mode of", ready)
            }
            // Everything is on the disk before its name is.
            let root = try FileDescriptor(opening: path, O_RDONLY | O_DIRECTORY)
            guard headgate_sync_file_system(root.raw) == 0 else { throw SystemError("cannot write", path) }
            try LocalFiles.move(ready, to: destination)
            try LocalFiles.sync(folder: path)
        }
    }

    /// Takes a version's files away; nothing there is fine, and what is not ours stays.
    func remove(_ model: ServedModel) async throws(SystemError) {
        guard holds(model) else { return }
        let folder = folder(of: model)
        let away = "\(path)/\(Self.stagingName)/\(model.name).old"
        let staging = path + "/" + Self.stagingName
        try await Blocking.run { () throws(SystemError) in
            // In one move, so that a server that starts meanwhile sees a whole model or none.
            try LocalFiles.createFolders(staging, mode: 0o755)
            try LocalFiles.remove(away)
            try LocalFiles.move(folder, to: away)
            try LocalFiles.remove(away)
            rmdir(staging)
        }
    }

    private func prepareForMLServer(
        _ workspace: Workspace, _ bundle: ServingBundle, _ model: ServedModel
    ) throws -> String {
        guard let artifact = workspace.resolve(bundle.artifactPath) else {
            throw StepError(.input, "the artifact leads out of the version", mayRetry: false)
        }
        try ModelSettings.write(model, in: workspace.tree, artifact: artifact)
        return workspace.tree
    }

    /// Triton's folder: the configuration, and beside it `1/` with what the artifact folder and the serve inputs hold.
    private func prepareForTriton(
        _ workspace: Workspace, _ bundle: ServingBundle, _ model: ServedModel, in folder: String
    ) throws -> String {
        let files = folder + "/" + model.version
        try LocalFiles.createFolders(files, mode: 0o755)
        for path in [bundle.artifactPath] + bundle.inputs.map(\.path) {
            guard let place = workspace.resolve(path).map(workspace.absolute) else { continue }
            let isFolder = LocalFiles.isFolder(place)
            for name in isFolder ? LocalFiles.names(in: place) : [String(path.split(separator: "/").last ?? "")] {
                let source = isFolder ? place + "/" + name : place
                // An input that stands in another one has moved with it.
                guard LocalFiles.exists(source) else { continue }
                guard !LocalFiles.exists(files + "/" + name) else {
                    throw StepError(
                        .input, "the version has two files named \(name), and the server reads one folder",
                        mayRetry: false)
                }
                try LocalFiles.move(source, to: files + "/" + name)
            }
        }
        let given = files + "/" + ModelConfiguration.fileName
        let text: String
        if let status = LocalFiles.status(given) {
            guard status.st_mode & S_IFMT == S_IFREG,
                let bytes = try LocalFiles.read(given, limit: ModelConfiguration.sizeLimit),
                let read = String(validating: bytes, as: UTF8.self)
            else { throw StepError(.input, "\(ModelConfiguration.fileName) is not a text file", mayRetry: false) }
            text = ModelConfiguration.unnamed(read)
            try LocalFiles.remove(given)
        } else {
            text = try ModelConfiguration.rendered(for: LocalFiles.names(in: files))
        }
        try LocalFiles.writeAtomically(
            Array(text.utf8), to: folder + "/" + ModelConfiguration.fileName, mode: 0o644, durable: false)
        return folder
    }
}
