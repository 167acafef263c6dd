import CLinux
import Glibc
import HeadgateCore

/// The process between Headgate and a command: holds the run's lock, ends every descendant and records the outcome.
///
/// It outlives the controller, and needs nobody. It is synchronous and single-threaded on purpose.
package enum ExecShim {
    /// Exit codes of the shim itself; how the command ended stands in `exit.json`.
    private enum Code {
        static let done: Int32 = 0
        static let badSpec: Int32 = 64
        static let locked: Int32 = 75
        static let io: Int32 = 74
    }

    /// Runs what `spec.json` in a folder says, to its end.
    package static func run(folder: String) -> Int32 {
        setsid()
        signal(SIGPIPE, SIG_IGN)
        umask(0o022)
        headgate_set_child_subreaper(1)
        guard chdir(folder) == 0, let path = realpath(".", nil) else { return Code.badSpec }
        let folder = String(cString: path)
        free(path)
        guard let lock = takeLock(folder) else { return Code.locked }
        // Held until the process ends; closing it earlier would say so too early.
        defer { close(lock) }
        let secrets = takeSecrets()
        guard let identity = ProcessIdentity(of: getpid()) else { return Code.io }
        guard let spec = JSONFile.read(ShimSpec.self, folder + "/" + ShimFile.spec) else {
            let message = "\(folder)/\(ShimFile.spec) is missing or not a shim's specification"
            return record(unstarted: EINVAL, message, folder)
        }
        do {
            let supervisor = try ShimSupervisor(folder: folder, spec: spec, secrets: secrets, identity: identity)
            // From here on signals are heard, and whoever reads the record may send one.
            try JSONFile.write(ShimStarted(shim: identity), to: folder + "/" + ShimFile.started)
            try supervisor.run()
            return Code.done
        } catch let error as SystemError {
            return record(unstarted: error.number, error.description, folder)
        } catch {
            return record(unstarted: EIO, "\(error)", folder)
        }
    }

    private static func record(unstarted number: Int32, _ message: String, _ folder: String) -> Int32 {
        let now = SystemTime.now
        let exit = ShimExit(
            outcome: .couldNotStart(errno: number, message: message), started: now, ended: now, leftBehind: 0,
            log: ShimExit.LogSummary(written: 0, dropped: 0))
        let isWritten: Void? = try? JSONFile.write(exit, to: folder + "/" + ShimFile.exit)
        return isWritten == nil ? Code.io : Code.done
    }

    private static func takeLock(_ folder: String) -> Int32? {
        let path = folder + "/" + ShimFile.lock
        var handed = stat()
        var own = stat()
        if fstat(ShimFile.lockDescriptor, &handed) == 0, lstat(path, &own) == 0, handed.st_ino == own.st_ino,
            handed.st_dev == own.st_dev, flock(ShimFile.lockDescriptor, LOCK_EX | LOCK_NB) == 0
        {
            _ = fcntl(ShimFile.lockDescriptor, F_SETFD, FD_CLOEXEC)
            return ShimFile.lockDescriptor
        }
        guard let lock = try? FileLock(acquiring: path) else { return nil }
        return lock.takeDescriptor()
    }

    /// Secrets come as an anonymous file on standard input: never as arguments, never with a name on a disk.
    private static func takeSecrets() -> [String: String] {
        var status = stat()
        guard fstat(0, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return [:] }
        let input = FileDescriptor(0)
        let bytes = (try? input.readAll(limit: 4 << 20, name: "standard input")) ?? []
        if let null = try? FileDescriptor(opening: "/dev/null", O_RDWR) { dup2(null.raw, 0) }
        _ = input.take()
        return (try? JSONFile.decode([String: String].self, bytes)) ?? [:]
    }
}
