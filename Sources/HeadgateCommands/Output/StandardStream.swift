import Foundation

/// Standard output or standard error, where a write that fails is a value and no trap.
enum StandardStream: Int32 {
    case output = 1
    case errors = 2

    /// Writes all of a text.
    func write(_ text: String) throws(SystemRefusal) { try Self.write(text, to: rawValue) }

    /// Whether a path leads to the stream, as `/dev/stdout` does, or to the very file that it goes to.
    func isReached(by path: String) -> Bool {
        var (own, other) = (stat(), stat())
        return fstat(rawValue, &own) == 0 && stat(path, &other) == 0 && own.st_dev == other.st_dev
            && own.st_ino == other.st_ino
    }

    /// Writes all of a text to an open file.
    ///
    /// A reader that is gone is an error like others, and no signal.
    static func write(_ text: String, to descriptor: Int32) throws(SystemRefusal) {
        var (pipe, before) = (sigset_t(), sigset_t())
        sigemptyset(&pipe)
        sigaddset(&pipe, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &pipe, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
            let number = errno
            if count >= 0 {
                bytes = bytes.dropFirst(count)
            } else if number == EAGAIN {
                // Whoever else has the stream made it non-blocking.
                var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&wait, 1, -1)
            } else if number != EINTR {
                var (pending, taken) = (sigset_t(), Int32(0))
                sigpending(&pending)
                // None comes where whoever started the program ignores it.
                if number == EPIPE, sigismember(&pending, SIGPIPE) == 1 { sigwait(&pipe, &taken) }
                throw SystemRefusal(number)
            }
        }
    }

    /// Opens those of the standard streams that are closed, so that no file of this program becomes one of them.
    ///
    /// Each is opened the wrong way round, so that its use is an error as before.
    static func fill() {
        for descriptor in Int32(0)...2 where fcntl(descriptor, F_GETFD) == -1 {
            _ = open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY)
        }
    }
}

/// Prints to standard output, and ends the program where that is lost: quietly without a reader, else with 2.
///
/// It takes the place of Swift's own in this module, which says nothing of what is lost.
func print(_ item: some Any, terminator: String = "\n") {
    do {
        try StandardStream.output.write("\(item)\(terminator)")
    } catch {
        if error.number == EPIPE {
            signal(SIGPIPE, SIG_DFL)
            raise(SIGPIPE)
        }
        Terminal.note("headgate: standard output cannot be written: \(error)")
        exit(2)
    }
}

/// Why the system refused, in its words.
struct SystemRefusal: Error, CustomStringConvertible {
    let number: Int32

    init(_ number: Int32 = errno) { self.number = number }

    var description: String {
        let words = String(cString: strerror(number))
        // As a part of a sentence.
        return words.prefix(1).lowercased() + words.dropFirst()
    }
}
