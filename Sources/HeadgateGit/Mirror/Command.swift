import Glibc
import HeadgateCore

/// A program that is run to its end, with nothing to read.
enum Command {
    /// Runs a program without the user's and system's Git settings; gives its status and the start of its complaint.
    ///
    /// It stays in this process's group and so ends with it.
    static func run(_ path: String, _ arguments: [String]) throws(SourceError) -> (status: Int32, complaint: String) {
        let ends = try SocketPair()
        defer { close(ends.ours) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDWR, 0)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_RDWR, 0)
        posix_spawn_file_actions_adddup2(&actions, ends.theirs, STDERR_FILENO)
        let kept = ["PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH"].compactMap { (name: String) -> String? in
            getenv(name).map { "\(name)=\(String(cString: $0))" }
        }
        let settings = ["LC_ALL=C", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_TERMINAL_PROMPT=0"]
        var argv: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) }
        var environment: [UnsafeMutablePointer<CChar>?] = (kept + settings).map { strdup($0) }
        defer { for pointer in argv + environment { free(pointer) } }
        argv.append(nil)
        environment.append(nil)
        var id: pid_t = 0
        let code = posix_spawn(&id, path, &actions, nil, argv, environment)
        close(ends.theirs)
        guard code == 0 else { throw Disk.failure(code, "cannot start \(path)") }
        let complaint = readAll(ends.ours)
        var status: Int32 = 0
        while waitpid(id, &status, 0) < 0, errno == EINTR {}
        return (status, complaint)
    }

    private static func readAll(_ descriptor: Int32) -> String {
        var text: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = chunk.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            if text.count < 2000 { text += chunk[..<count] }
        }
        return String(decoding: text, as: UTF8.self).trimmingSuffix { $0.isNewline }
    }
}

extension String {
    fileprivate func trimmingSuffix(while isDropped: (Character) -> Bool) -> String {
        var text = self[...]
        while let last = text.last, isDropped(last) { text.removeLast() }
        return String(text)
    }
}
