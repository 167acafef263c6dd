import HeadgateCore

/// Puts declared inputs into workspaces and bundles.
struct WorkspaceFiller: Sendable {
    let store: any ObjectStore
    let sources: [SourceName: any SourceRepository]
    let pins: PinFetcher

    /// Fills a workspace that does not exist yet, and says what stands there then.
    func fill(_ workspace: Workspace, _ inputs: [WorkspaceInput]) async throws -> InputSnapshot {
        var placed: [(path: String, input: WorkspaceInput)] = []
        for input in inputs {
            guard let path = workspace.resolve(input.path) else {
                throw StepError(.input, "input \(input.path) leads out of the workspace", mayRetry: false)
            }
            placed.append((path, input))
        }
        // Folders before what lies in them.
        placed.sort { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        for (path, input) in placed { try await place(input, at: path, workspace) }
        return try await Blocking.run { () throws(StepError) in
            do {
                for folder in [workspace.directory, workspace.home, workspace.temporary] {
                    try LocalFiles.createFolders(folder, mode: 0o755)
                }
                let entries = try FileTree.list(workspace.tree)
                if let link = LinkCheck.firstEscape(in: workspace.tree, entries) {
                    throw StepError(.input, "the symbolic link \(link) leads out of the workspace", mayRetry: false)
                }
                try LocalFiles.fixTimes(workspace.tree)
                return InputSnapshot(entries)
            } catch let error as StepError {
                throw error
            } catch let error as SystemError {
                throw StepError(.input, error)
            } catch {
                throw StepError(.input, "\(error)", mayRetry: true)
            }
        }
    }

    private func place(_ input: WorkspaceInput, at path: String, _ workspace: Workspace) async throws {
        let destination = workspace.absolute(path)
        if LocalFiles.exists(destination) {
            // Part of a folder that is an input too: it is there already.
            if case .tracked = input.content { return }
            throw StepError(.input, "input \(input.path) lies in another input that has it already", mayRetry: false)
        }
        try workspace.createParents(of: path)
        switch input.content {
        case .tracked(let name, let entry):
            guard let source = sources[name] else {
                throw StepError(.input, "input \(input.path): source \(name) is not configured", mayRetry: false)
            }
            let large: [LargeFile]
            do throws(SourceError) {
                large = try await source.export(entry, to: destination)
            } catch {
                throw StepError(.input, error)
            }
            for file in large {
                let place = file.path == .root ? destination : "\(destination)/\(file.path)"
                try await pins.materialize(file, of: source.largeFiles, input: input.path, at: place)
            }
        case .stored(let tree):
            do throws(StorageError) {
                try await store.materialize(tree, at: destination)
            } catch {
                throw StepError(.input, error)
            }
        case .pinned(let pin):
            try await pins.materialize(pin, at: destination)
        }
    }
}
