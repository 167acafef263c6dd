import Glibc
import HeadgateCore

/// Two connected sockets that no child inherits.
struct SocketPair {
    let ours: Int32
    let theirs: Int32

    init() throws(SourceError) {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        try Disk.check(socketpair(AF_UNIX, kind, 0, &ends), "cannot make a socket")
        (ours, theirs) = (ends[0], ends[1])
    }
}

/// A process of ours with a socket as its standard input and output; killed at the end of this value's life.
struct ChildProcess: ~Copyable {
    let id: pid_t
    /// Our end of the socket, non-blocking.
    let socket: Int32

    /// Starts a program in a process group of its own, with no descriptor but the first three.
    init(_ path: String, _ arguments: [String]) throws(SourceError) {
        let ends = try SocketPair()
        defer { close(ends.theirs) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends.theirs, STDIN_FILENO)
        posix_spawn_file_actions_adddup2(&actions, ends.theirs, STDOUT_FILENO)
        // Whoever opened a descriptor may have forgotten the mark that keeps it from children.
        for name in Disk.names(in: "/proc/self/fd") {
            if let descriptor = Int32(name), descriptor > STDERR_FILENO {
                posix_spawn_file_actions_addclose(&actions, descriptor)
            }
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        Self.prepare(&attributes)
        var argv: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) }
        var environment: [UnsafeMutablePointer<CChar>?] = Self.environment.map { strdup($0) }
        defer { for pointer in argv + environment { free(pointer) } }
        argv.append(nil)
        environment.append(nil)
        var id: pid_t = 0
        let code = posix_spawn(&id, path, &actions, &attributes, argv, environment)
        guard code == 0 else {
            close(ends.ours)
            throw Disk.failure(code, "cannot start \(path)")
        }
        _ = fcntl(ends.ours, F_SETFL, O_NONBLOCK)
        self.id = id
        socket = ends.ours
    }

    deinit {
        close(socket)
        kill(-id, SIGKILL)
        _ = Self.reap(id)
    }

    /// Ends the process with everything that it started, and says how it had ended if it had.
    consuming func end() -> String {
        close(socket)
        let hadEnded = Self.peek(id)
        kill(-id, SIGKILL)
        let status = Self.reap(id)
        discard self
        guard hadEnded else { return "it was ended" }
        let signal = status & 0x7f
        return signal != 0 ? "signal \(signal) ended it" : "it exited with code \(status >> 8 & 0xff)"
    }

    private static func peek(_ id: pid_t) -> Bool {
        // The socket closes a moment before the process can be waited for.
        var info = siginfo_t()
        for _ in 0..<100 {
            info.si_signo = 0
            guard waitid(P_PID, id_t(id), &info, WEXITED | WNOHANG | WNOWAIT) == 0 else { return false }
            if info.si_signo != 0 { return true }
            usleep(1000)
        }
        return false
    }

    private static func reap(_ id: pid_t) -> Int32 {
        var status: Int32 = 0
        while waitpid(id, &status, 0) < 0, errno == EINTR {}
        return status
    }

    private static func prepare(_ attributes: inout posix_spawnattr_t) {
        var none = sigset_t()
        sigemptyset(&none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    }

    /// What the helper needs of our environment, and not what else is in it.
    private static var environment: [String] {
        let names = [
            "PATH", "HOME", "TMPDIR", "LANG", "LD_LIBRARY_PATH", "SSH_AUTH_SOCK", "http_proxy", "https_proxy",
            "HTTP_PROXY", "HTTPS_PROXY", "no_proxy", "NO_PROXY",
        ]
        return names.compactMap { name in getenv(name).map { "\(name)=\(String(cString: $0))" } }
    }
}
