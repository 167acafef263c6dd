import Dispatch
import FoundationEssentials
import Glibc
import HeadgateCore

/// The child process that talks to remotes, so that a silent or hostile one costs no more than this process.
///
/// The library has no time-out and cannot be cancelled before the first byte; a process can.
package enum GitRemoteHelper {
    /// Answers requests from standard input on standard output, one JSON object a line, until the input ends.
    ///
    /// Ends itself when a request overruns its time or its parent is gone, with everything that it started.
    /// - Returns: The exit code.
    package static func serve() -> Int32 {
        signal(SIGPIPE, SIG_IGN)
        signal(SIGALRM) { _ in GitRemoteHelper.endAtOnce() }
        watchForParentsEnd()
        var input = LineReader(descriptor: STDIN_FILENO)
        let decoder = JSONDecoder()
        while let line = input.next() {
            guard let request = try? decoder.decode(RemoteRequest.self, from: Data(line)) else {
                guard send(RemoteAnswer(error: SourceError(.other, "the Git helper was asked what it does not know")))
                else { return 1 }
                continue
            }
            // A second more than the parent waits: it is the parent that should notice first.
            setTimer(milliseconds: request.milliseconds + 1000)
            let answer = answer(request)
            setTimer(milliseconds: 0)
            guard send(answer) else { return 1 }
        }
        return 0
    }

    private static func answer(_ request: RemoteRequest) -> RemoteAnswer {
        do throws(SourceError) {
            switch request.operation {
            case .list: return RemoteAnswer(references: try RemoteSession(request).list())
            case .fetch: return RemoteAnswer(receivedBytes: try RemoteSession(request).fetch())
            case .push:
                try RemoteSession(request).push()
                return RemoteAnswer()
            case .repack:
                try MirrorFolder(path: request.mirror).repack()
                return RemoteAnswer()
            }
        } catch {
            guard let secret = request.credentials.secret, !secret.isEmpty else { return RemoteAnswer(error: error) }
            let message = error.message.split(separator: secret, omittingEmptySubsequences: false)
            return RemoteAnswer(error: SourceError(error.code, message.joined(separator: "<secret>")))
        }
    }

    private static func send(_ answer: RemoteAnswer) -> Bool {
        guard let data = try? JSONEncoder().encode(answer) else { return false }
        let line = Array(data) + [UInt8(ascii: "\n")]
        var sent = 0
        while sent < line.count {
            let count = line.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress.map { $0 + sent }, $0.count - sent) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    private static func setTimer(milliseconds: Int) {
        var timer = itimerval()
        timer.it_value.tv_sec = milliseconds / 1000
        timer.it_value.tv_usec = milliseconds % 1000 * 1000
        setitimer(__itimer_which_t(ITIMER_REAL.rawValue), &timer, nil)
    }

    /// Ends on a socket whose other side is gone, even while a remote keeps the library waiting.
    private static func watchForParentsEnd() {
        var status = stat()
        guard fstat(STDIN_FILENO, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else { return }
        DispatchQueue(label: "headgate.git.parent").async {
            var input = pollfd(fd: STDIN_FILENO, events: 0, revents: 0)
            while poll(&input, 1, -1) < 0, errno == EINTR {}
            endAtOnce()
        }
    }

    // Also runs as a signal handler: two system calls and nothing else.
    private static func endAtOnce() {
        if getpgrp() == getpid() { kill(0, SIGKILL) }
        _exit(1)
    }
}
