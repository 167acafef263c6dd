import Glibc
import HeadgateCore

extension LocalStepRunner {
    /// What an ended run means: its result, the command's refusal, or why nobody can tell.
    func outcome(
        of exit: ShimExit, _ launch: StepLaunch, _ folder: RunFolder
    ) async throws(CancellationError) -> StepOutcome {
        switch exit.outcome {
        case .cancelled:
            if folder.isCancelled { return .cancelled }
            // Such as by the machine's shutdown: nobody who wants a result said so.
            return .errored(StepError(.lost, "the step was stopped from outside", mayRetry: true))
        case .exited(0): return try await collect(exit, launch, folder)
        case .exited(let code):
            let tail = LocalFiles.tail(folder.shim.logPath)
            if isDiskFull(folder, tail) {
                return .errored(StepError(.diskFull, "the disk was full: " + tail, mayRetry: true))
            }
            return .failed(exitCode: code, message: tail.isEmpty ? "it printed nothing" : tail)
        case .signalled(let number):
            let hint = number == SIGKILL ? ", perhaps by the kernel for want of memory" : ""
            return .errored(StepError(.signalled, "killed by signal \(number)\(hint)", mayRetry: true))
        case .timedOut:
            return .errored(StepError(.timedOut, "took longer than \(launch.timeout.text)", mayRetry: true))
        case .couldNotStart(let number, let message):
            let code: StepError.Code =
                switch number {
                case ENOSPC, EDQUOT: .diskFull
                case ENOENT, EACCES, ENOEXEC, ENOTDIR: .program
                default: .couldNotStart
                }
            return .errored(StepError(code, message, mayRetry: true))
        }
    }

    /// Whether a refusal is the disk's rather than the command's.
    private func isDiskFull(_ folder: RunFolder, _ tail: String) -> Bool {
        var status = statvfs()
        if statvfs(folder.path, &status) == 0, UInt64(status.f_bavail) * UInt64(status.f_frsize) < 1 << 20 {
            return true
        }
        return [ENOSPC, EDQUOT].contains { tail.contains(SystemError.text(of: $0)) }
    }

    private func collect(
        _ exit: ShimExit, _ launch: StepLaunch, _ folder: RunFolder
    ) async throws(CancellationError) -> StepOutcome {
        let workspace = Workspace(of: launch, root: folder.workspace)
        do {
            let places = try await Blocking.run { () throws(StepError) in
                try Self.check(launch, workspace, folder)
            }
            var outputs: [String: StoredArtifact] = [:]
            for (declared, path) in places {
                outputs[declared] = try await put(path, declared)
            }
            let metrics = try metrics(launch, workspace, folder)
            let reports = try reports(launch, workspace)
            return .succeeded(
                StepResult(
                    outputs: outputs, metrics: metrics, started: exit.started, ended: exit.ended,
                    environmentLock: folder.facts?.environmentLock, reports: reports))
        } catch let error as StepError {
            return .errored(error)
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            return .errored(StepError(.storage, "\(error)", mayRetry: true))
        }
    }

    /// The outputs' places by declared path, when all of them and nothing else was written.
    private static func check(
        _ launch: StepLaunch, _ workspace: Workspace, _ folder: RunFolder
    ) throws(StepError) -> [(String, String)] {
        var places: [(String, String)] = []
        var missing: [String] = []
        let files = [launch.metrics].compactMap(\.self) + (launch.reports ?? [:]).values.map(\.file)
        var declared = files.compactMap(workspace.resolve)
        for output in launch.outputs {
            guard let path = workspace.resolve(output) else {
                throw StepError(.output, "output \(output) leads out of the workspace", mayRetry: false)
            }
            declared.append(path)
            let kind = LocalFiles.status(workspace.absolute(path))?.st_mode ?? 0
            let wanted = output.hasSuffix("/") ? S_IFDIR : S_IFREG
            switch kind & S_IFMT {
            case 0: missing.append(output)
            case wanted where workspace.hasPlainParents(path): places.append((output, workspace.absolute(path)))
            case S_IFLNK:
                throw StepError(.output, "output \(output) is a symbolic link", mayRetry: false)
            case wanted:
                throw StepError(.output, "output \(output) stands below a symbolic link", mayRetry: false)
            default:
                let found =
                    kind & S_IFMT == S_IFDIR ? "a folder: declare it as \(output)/" : "not what it is declared to be"
                throw StepError(.output, "output \(output) is \(found)", mayRetry: false)
            }
        }
        let undeclared = try undeclared(workspace, folder, declared)
        guard missing.isEmpty, undeclared.isEmpty else {
            missing += files.filter { file in
                workspace.resolve(file).map { LocalFiles.status(workspace.absolute($0)) == nil } ?? false
            }
            throw StepError(.output, difference(missing, undeclared), mayRetry: false)
        }
        return places
    }

    /// What was to be written and was not, what was written instead, and which of the two are likely the same.
    private static func difference(_ missing: [String], _ undeclared: [String]) -> String {
        var parts: [String] = []
        if !missing.isEmpty { parts.append("declared but not written: \(missing.joined(separator: ", "))") }
        if !undeclared.isEmpty {
            let more = undeclared.count > 10 ? " and \(undeclared.count - 10) more" : ""
            parts.append(
                "written but not declared as an output: \(undeclared.prefix(10).joined(separator: ", "))\(more)")
        }
        let written = undeclared.prefix(10).flatMap { path in
            [path] + path.indices.filter { path[$0] == "/" }.map { String(path[...$0]) }
        }
        for name in missing {
            guard let near = Spelling.nearest(to: name, among: written) else { continue }
            parts.append("is \(near) meant to be \(name)?")
        }
        return parts.joined(separator: "; ")
    }

    /// Paths that a step wrote and did not declare, as it would name them.
    private static func undeclared(
        _ workspace: Workspace, _ folder: RunFolder, _ declared: [String]
    ) throws(StepError) -> [String] {
        let entries: [FileTree.Entry]
        do throws(SystemError) {
            entries = try FileTree.list(workspace.tree)
        } catch {
            throw StepError(.output, error)
        }
        let prefix = workspace.levels.map { $0 + "/" }.joined()
        return (folder.snapshot ?? InputSnapshot([])).undeclared(entries, declared: declared).map { path in
            path.utf8.starts(with: prefix.utf8) ? String(path.dropFirst(prefix.count)) : "../" + path
        }
    }

    /// Stores one output; tries again a few times, since a long training hangs on it.
    private func put(_ path: String, _ declared: String) async throws -> StoredArtifact {
        for wait in [200, 1000] {
            do throws(StorageError) {
                return try await store.put(path: path)
            } catch {
                guard error.mayRetry else { throw Self.failure(declared, error) }
            }
            try await Task.sleep(for: .milliseconds(wait))
        }
        do throws(StorageError) {
            return try await store.put(path: path)
        } catch {
            throw Self.failure(declared, error)
        }
    }

    private static func failure(_ output: String, _ error: StorageError) -> StepError {
        let code: StepError.Code =
            switch error.code {
            case .diskFull: .diskFull
            case .escapes, .unsupportedFile, .tooLarge: .output
            case .notFound, .corrupted, .permission, .alreadyExists, .io: .storage
            }
        return StepError(code, "output \(output): \(error.message)", mayRetry: error.mayRetry)
    }
}
