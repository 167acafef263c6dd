import CLinux
import Dispatch
import Glibc

/// A shim as its starter, or whoever comes after it, sees it: known by its folder alone.
///
/// Everything here can be asked again after a crash of the caller.
package struct ShimProcess: Hashable, Sendable {
    package enum State: Hashable, Sendable {
        /// Never started.
        case absent
        case running
        case ended(ShimExit)
        /// Started, and gone without an outcome: it was killed, or the machine was.
        case lost
    }

    package let folder: String

    package init(folder: String) { self.folder = folder }

    package var logPath: String { path(ShimFile.log) }

    /// How a running server stands; nil before its first start.
    package var status: ShimStatus? { JSONFile.read(ShimStatus.self, path(ShimFile.status)) }

    /// Who runs or ran.
    package var started: ShimStarted? { JSONFile.read(ShimStarted.self, path(ShimFile.started)) }

    /// Whether the shim lives, by its lock.
    package var isAlive: Bool { FileLock.isHeld(path(ShimFile.lock)) }

    package var state: State {
        if let exit { return .ended(exit) }
        if isAlive { return .running }
        // It may have ended between the two questions.
        if let exit { return .ended(exit) }
        return started == nil ? .absent : .lost
    }

    private var exit: ShimExit? { JSONFile.read(ShimExit.self, path(ShimFile.exit)) }

    private func path(_ name: String) -> String { folder + "/" + name }

    /// Starts the shim, which outlives this process.
    ///
    /// - Parameters:
    ///   - spec: What it runs.
    ///   - secrets: Variables of the command that are handed over in memory only.
    ///   - executable: A program that runs ``ExecShim/run(folder:)`` for `internal exec <folder>`.
    /// - Returns: False when one is running already; then nothing was started.
    /// - Throws: ``SystemError`` when there is no room, no permission or no such program.
    package func start(
        _ spec: ShimSpec, secrets: [String: String] = [:], executable: String
    ) throws(SystemError) -> Bool {
        try LocalFiles.createFolders(folder)
        // Taken before there is a process and handed over to it, so that at no time two can be started.
        guard let lock = try FileLock(acquiring: path(ShimFile.lock)) else { return false }
        for name in [ShimFile.exit, ShimFile.started, ShimFile.status, ShimFile.stop] {
            try LocalFiles.remove(path(name))
        }
        do {
            try JSONFile.write(spec, to: path(ShimFile.spec))
        } catch let error as SystemError {
            throw error
        } catch {
            throw SystemError("cannot encode", path(ShimFile.spec), number: EINVAL)
        }
        let null = try FileDescriptor(opening: "/dev/null", O_RDWR)
        let input = secrets.isEmpty ? FileDescriptor(dup(null.raw)) : try Self.anonymousFile(secrets)
        let request = SpawnRequest(
            program: executable, arguments: [executable, "internal", "exec", folder],
            environment: ["PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"], directory: nil, input: input.raw,
            output: null.raw, error: null.raw, kept: lock.descriptor.raw)
        let pid = request.spawnDetached()
        guard pid > 0 else { throw SystemError("cannot start", executable) }
        return true
    }

    private static func anonymousFile(_ secrets: [String: String]) throws(SystemError) -> FileDescriptor {
        let raw = headgate_anonymous_file()
        guard raw >= 0 else { throw SystemError("cannot create", "an anonymous file") }
        let file = FileDescriptor(raw)
        guard let bytes = try? JSONFile.bytes(secrets) else {
            throw SystemError("cannot encode", "secrets", number: EINVAL)
        }
        try file.write(bytes, name: "an anonymous file")
        lseek(file.raw, 0, SEEK_SET)
        return file
    }

    /// Waits until the shim is gone; gives its outcome, or nil when it left none.
    ///
    /// - Throws: `CancellationError` when the calling task is cancelled; the shim goes on.
    package func ended() async throws -> ShimExit? {
        while isAlive {
            // Between its start and its first record there are milliseconds.
            guard let shim = started?.shim else {
                try await Task.sleep(for: .milliseconds(5))
                continue
            }
            try await ProcessEnd.wait(for: shim)
        }
        return exit
    }

    /// Asks the shim to end its command; does nothing when it does not live.
    package func terminate() {
        guard isAlive else { return }
        // A shim that has just been started finds the file before it starts its command; a later one gets the signal.
        try? LocalFiles.writeAtomically([UInt8](), to: path(ShimFile.stop), durable: false)
        guard let shim = started?.shim, shim.isAlive else { return }
        kill(shim.pid, SIGTERM)
    }

    /// Kills what a shim that was itself killed left behind; gives the number of processes.
    @discardableResult
    package func endLeftovers() -> Int {
        guard !isAlive, let started, started.shim.boot == ProcessTable.boot else { return 0 }
        var killed: Set<Int32> = []
        let mark = ShimFile.mark + "=" + folder
        let deadline = SystemTime.steady + 10_000
        repeat {
            let all = ProcessTable.all().filter { !$0.isDead && $0.started >= started.shim.started }
            // A session's number is not used again while anybody is in it, so one without a leader is still the shim's.
            let hasLeader = all.contains { $0.pid == started.shim.pid }
            let left = all.filter { entry in
                entry.pid != getpid()
                    && ((!hasLeader && entry.session == started.shim.pid)
                        || ProcessTable.hasVariable(mark, entry.pid))
            }
            if left.isEmpty { break }
            for entry in left {
                killed.insert(entry.pid)
                kill(entry.pid, SIGKILL)
            }
            poll(nil, 0, 5)
        } while SystemTime.steady < deadline
        return killed.count
    }
}

/// Waiting for the end of processes that are nobody's children here.
enum ProcessEnd {
    /// Returns when the process is gone.
    static func wait(for process: ProcessIdentity) async throws {
        let descriptor = headgate_pidfd_open(process.pid)
        guard descriptor >= 0 else { return }
        // Asked after the descriptor was opened: from now on it cannot come to mean another process.
        guard process.isAlive else {
            close(descriptor)
            return
        }
        let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: .global())
        let waiter = Waiter(source)
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                source.setEventHandler { source.cancel() }
                source.setCancelHandler {
                    close(descriptor)
                    continuation.resume()
                }
                source.activate()
            }
        } onCancel: {
            waiter.source.cancel()
        }
        try Task.checkCancellation()
    }

    // A dispatch source may be cancelled from any thread, which its type does not say.
    private struct Waiter: @unchecked Sendable {
        let source: any DispatchSourceRead
        init(_ source: any DispatchSourceRead) { self.source = source }
    }
}
