import Dispatch
import FoundationEssentials
import Glibc
import HeadgateCore

/// The parent's side of ``GitRemoteHelper``: one child process, started when it is needed and kept for the next request.
///
/// Requests are answered one after another. A request that overruns its deadline, or whose task is cancelled,
/// ends the child with all that it was doing; the next request starts another.
package actor GitRemoteProcess {
    /// A program and the arguments that make it serve, such as `headgate internal git-remote`.
    package struct Executable: Sendable, Hashable {
        package let path: String
        package let arguments: [String]

        package init(_ path: String, _ arguments: [String] = []) {
            self.path = path
            self.arguments = arguments
        }
    }

    private let executor = QueueExecutor(label: "headgate.git.remote")
    private let executable: Executable
    private var child: ChildProcess?
    /// The authorities that the child trusts; the library keeps them for the rest of a process's life.
    private var certificates: String?

    package init(_ executable: Executable) { self.executable = executable }

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// The child's process id; nil while there is none.
    package var processID: Int32? {
        switch child {
        case .some(let child): child.id
        case .none: nil
        }
    }

    /// Asks a remote, with one listing, for the references that are wanted.
    nonisolated func list(
        _ remote: GitRemote, wanted: [String], deadline: Duration
    ) async throws(SourceError) -> [RemoteReference] {
        var request = RemoteRequest(.list, remote, milliseconds: Int(deadline.milliseconds))
        request.wanted = wanted
        return try await ask(request, of: "\(remote.url)", deadline: deadline).references
    }

    /// Brings what the refspecs name into a mirror; gives the bytes that were received.
    nonisolated func fetch(
        _ remote: GitRemote, _ refspecs: [String], into mirror: String, byteLimit: Int, deadline: Duration
    ) async throws(SourceError) -> Int {
        var request = RemoteRequest(.fetch, remote, milliseconds: Int(deadline.milliseconds))
        request.refspecs = refspecs
        request.mirror = mirror
        request.byteLimit = byteLimit
        return try await ask(request, of: "\(remote.url)", deadline: deadline).receivedBytes
    }

    /// Sends a commit of a mirror to a branch of its remote.
    nonisolated func push(
        _ remote: GitRemote, _ refspec: String, from mirror: String, deadline: Duration
    ) async throws(SourceError) {
        var request = RemoteRequest(.push, remote, milliseconds: Int(deadline.milliseconds))
        request.refspecs = [refspec]
        request.mirror = mirror
        _ = try await ask(request, of: "\(remote.url)", deadline: deadline)
    }

    /// Joins a mirror's packs into one and drops what no reference reaches.
    nonisolated func repack(_ mirror: String, deadline: Duration) async throws(SourceError) {
        var request = RemoteRequest(operation: .repack, milliseconds: Int(deadline.milliseconds))
        request.mirror = mirror
        _ = try await ask(request, of: "git repack", deadline: deadline)
    }

    // The deadline also covers the wait for requests before this one.
    private nonisolated func ask(
        _ request: RemoteRequest, of subject: String, deadline: Duration
    ) async throws(SourceError) -> RemoteAnswer {
        let end = ContinuousClock.now + deadline
        let cancellation = try CancellationSignal()
        let answer = await withTaskCancellationHandler {
            await perform(request, of: subject, until: end, allowed: deadline, cancellation)
        } onCancel: {
            cancellation.raise()
        }
        return try answer.get()
    }

    private func perform(
        _ request: RemoteRequest, of subject: String, until end: ContinuousClock.Instant, allowed: Duration,
        _ cancellation: CancellationSignal
    ) -> Result<RemoteAnswer, SourceError> {
        do throws(SourceError) {
            if request.operation != .repack, request.certificates != certificates {
                _ = endChild()
                certificates = request.certificates
            }
            let (socket, isFresh) = try connect()
            let exchange = Exchange(socket: socket, cancellation: cancellation, end: end)
            switch exchange.run(request) {
            case .answered(let answer):
                if let error = answer.error { throw error }
                return .success(answer)
            case .late:
                _ = endChild()
                throw SourceError(.timedOut, "\(subject) did not answer within \(allowed.inSeconds) seconds")
            case .cancelled:
                _ = endChild()
                throw SourceError(.other, "the wait for \(subject) was cancelled")
            case .broken:
                let reason = endChild()
                // A child from before may have been dying already; every request may be repeated.
                if !isFresh { return perform(request, of: subject, until: end, allowed: allowed, cancellation) }
                throw SourceError(.other, "the Git helper stopped while it was asking \(subject): \(reason)")
            }
        } catch {
            return .failure(error)
        }
    }

    /// The socket to a child that lives, and whether it was started just now.
    private func connect() throws(SourceError) -> (socket: Int32, isFresh: Bool) {
        switch child {
        case .some(let child):
            // A child that died since the last request, whatever killed it, is no failure of this one.
            var descriptor = pollfd(fd: child.socket, events: Int16(POLLIN), revents: 0)
            if poll(&descriptor, 1, 0) == 0 { return (child.socket, false) }
        case .none: break
        }
        _ = endChild()
        let started = try ChildProcess(executable.path, executable.arguments)
        let socket = started.socket
        child = consume started
        return (socket, true)
    }

    private func endChild() -> String {
        switch child.take() {
        case .some(let child): child.end()
        case .none: "there is none"
        }
    }
}

/// Wakes a waiting request when its task is cancelled.
private final class CancellationSignal: Sendable {
    private let ends: SocketPair

    init() throws(SourceError) { ends = try SocketPair() }

    deinit {
        close(ends.ours)
        close(ends.theirs)
    }

    /// Becomes readable when the signal is raised.
    var descriptor: Int32 { ends.ours }

    func raise() { shutdown(ends.theirs, Int32(SHUT_RDWR)) }
}

/// One request and its answer over a child's socket.
private struct Exchange {
    enum Outcome {
        case answered(RemoteAnswer)
        case late, cancelled, broken
    }

    private enum Readiness { case ready, late, cancelled, broken }

    let socket: Int32
    let cancellation: CancellationSignal
    let end: ContinuousClock.Instant

    func run(_ request: RemoteRequest) -> Outcome {
        guard let data = try? JSONEncoder().encode(request) else { return .broken }
        let line = Array(data) + [UInt8(ascii: "\n")]
        var sent = 0
        while sent < line.count {
            switch wait(for: POLLOUT) {
            case .ready: break
            case .late: return .late
            case .cancelled: return .cancelled
            case .broken: return .broken
            }
            let count = line.withUnsafeBytes {
                send(socket, $0.baseAddress.map { $0 + sent }, $0.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            guard count > 0 else { return .broken }
            sent += count
        }
        return receive()
    }

    private func receive() -> Outcome {
        var reader = LineReader(descriptor: socket)
        while true {
            if let line = reader.take() {
                let answer = try? JSONDecoder().decode(RemoteAnswer.self, from: Data(line))
                return answer.map { .answered($0) } ?? .broken
            }
            switch wait(for: POLLIN) {
            case .ready: break
            case .late: return .late
            case .cancelled: return .cancelled
            case .broken: return .broken
            }
            guard reader.receive() else { return .broken }
        }
    }

    private func wait(for events: Int32) -> Readiness {
        while true {
            let left = (end - ContinuousClock.now).milliseconds
            guard left > 0 else { return .late }
            var descriptors = [
                pollfd(fd: socket, events: Int16(events), revents: 0),
                pollfd(fd: cancellation.descriptor, events: Int16(POLLIN), revents: 0),
            ]
            let count = poll(&descriptors, 2, Int32(clamping: left))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return .broken }
            if descriptors[1].revents != 0 { return .cancelled }
            // An end that still has an answer in the socket is read before it is noticed.
            if descriptors[0].revents & Int16(events) != 0 { return .ready }
            if descriptors[0].revents != 0 { return .broken }
        }
    }
}
