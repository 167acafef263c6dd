import CLinux
import Glibc
import HeadgateCore

/// Starts a shim's command, waits for its end, and leaves nothing of it behind.
final class ShimSupervisor {
    private enum Event {
        /// The command itself ended, with its wait status.
        case ended(Int32)
        case terminate
        case deadline
    }

    let folder: String
    let spec: ShimSpec
    let secrets: [String: String]
    let identity: ProcessIdentity
    private let signals: Int32
    private let log: ShimLog
    private let reserve: Int32
    var pipe: Int32 = -1
    var command: Int32 = -1

    init(folder: String, spec: ShimSpec, secrets: [String: String], identity: ProcessIdentity) throws(SystemError) {
        self.folder = folder
        self.spec = spec
        self.secrets = secrets
        self.identity = identity
        signals = headgate_signal_descriptor([SIGTERM, SIGINT, SIGHUP, SIGCHLD], 4)
        guard signals >= 0 else { throw SystemError("cannot receive", "signals") }
        let overflow: ShimLog.Overflow = if case .server = spec.mode { .rotate } else { .keepEnds }
        log = ShimLog(
            path: folder + "/" + ShimFile.log, limits: spec.log, overflow: overflow, secrets: Array(secrets.values))
        // Room for the outcome while there is some: a command that fills the disk must not take it away.
        let file = try FileDescriptor(opening: folder + "/" + ShimFile.exit + ".new", O_RDWR | O_CREAT | O_TRUNC)
        posix_fallocate(file.raw, 0, 4096)
        reserve = file.take()
        Self.apply(spec.limits)
    }

    func run() throws {
        // Asked before there was anybody to hear a signal.
        if LocalFiles.exists(folder + "/" + ShimFile.stop) {
            return try finish(.cancelled, SystemTime.now, leftBehind: 0)
        }
        switch spec.mode {
        case .once(let timeout): try runOnce(timeout)
        case .server(let policy): try runServer(policy)
        }
    }

    private func runOnce(_ timeout: Duration) throws {
        let began = SystemTime.now
        do throws(StartFailure) {
            try start()
        } catch {
            log.note(error.message)
            return try finish(.couldNotStart(errno: error.number, message: error.message), began, leftBehind: 0)
        }
        var deadline = SystemTime.steady + timeout.milliseconds
        var forced: ShimExit.Outcome?
        var outcome: ShimExit.Outcome
        wait: while true {
            switch wait(until: deadline) {
            case .ended(let status):
                outcome = forced ?? Self.outcome(of: status)
                break wait
            case .terminate:
                guard forced == nil else { continue }
                log.note("cancelled")
                forced = .cancelled
                signalGroup(SIGTERM)
                deadline = SystemTime.steady + spec.grace.milliseconds
            case .deadline where forced == nil:
                log.note("timed out after \(timeout)")
                forced = .timedOut
                signalGroup(SIGTERM)
                deadline = SystemTime.steady + spec.grace.milliseconds
            case .deadline:
                signalGroup(SIGKILL)
                deadline = .max
            }
        }
        try finish(outcome, began, leftBehind: endDescendants())
    }

    private func runServer(_ policy: ShimSpec.RestartPolicy) throws {
        let began = SystemTime.now
        var backoff = policy.base.milliseconds
        var status = ShimStatus(phase: .running, command: nil, restarts: 0, lastExit: nil, since: began)
        while true {
            let started = SystemTime.steady
            let (outcome, isStopped) = serve(&status)
            if isStopped { return try finish(outcome, began, leftBehind: endDescendants()) }
            endDescendants()
            drain()
            if SystemTime.steady - started >= policy.resetAfter.milliseconds { backoff = policy.base.milliseconds }
            log.note("server \(outcome.text); starts again in \(backoff) ms")
            status.phase = .waiting
            status.command = nil
            status.lastExit = outcome
            report(&status)
            let resume = SystemTime.steady + backoff
            while SystemTime.steady < resume {
                if case .terminate = wait(until: resume) { return try finish(.cancelled, began, leftBehind: 0) }
            }
            backoff = min(backoff * 2, policy.cap.milliseconds)
            status.restarts += 1
            // Said before it is true: who finds it waiting may count on nothing of ours being alive.
            status.phase = .running
            report(&status)
        }
    }

    /// One life of a server: how it ended, and whether it was told to.
    private func serve(_ status: inout ShimStatus) -> (ShimExit.Outcome, isStopped: Bool) {
        do throws(StartFailure) {
            try start()
        } catch {
            log.note(error.message)
            return (.couldNotStart(errno: error.number, message: error.message), false)
        }
        status.phase = .running
        status.command = ProcessIdentity(of: command)
        report(&status)
        var isStopping = false
        var deadline = Int64.max
        while true {
            switch wait(until: deadline) {
            case .ended(let result): return (Self.outcome(of: result), isStopping)
            case .terminate:
                guard !isStopping else { continue }
                isStopping = true
                status.phase = .stopping
                report(&status)
                // To the server alone: one with workers knows best how to end them.
                if command > 1 { kill(command, SIGTERM) }
                deadline = SystemTime.steady + spec.grace.milliseconds
            case .deadline:
                signalGroup(SIGKILL)
                deadline = .max
            }
        }
    }

    private func report(_ status: inout ShimStatus) {
        status.since = SystemTime.now
        // What cannot be written now, on a full disk, is written at the next change.
        try? JSONFile.write(status, to: folder + "/" + ShimFile.status, durable: false)
    }

    private func finish(_ outcome: ShimExit.Outcome, _ began: Instant, leftBehind: Int) throws {
        drain()
        log.finish()
        let exit = ShimExit(
            outcome: outcome, started: began, ended: SystemTime.now, leftBehind: leftBehind,
            log: ShimExit.LogSummary(written: log.written, dropped: log.dropped))
        let bytes = try JSONFile.bytes(exit)
        let path = folder + "/" + ShimFile.exit
        let file = FileDescriptor(reserve)
        try file.write(bytes, name: path)
        guard ftruncate(file.raw, off_t(bytes.count)) == 0, fsync(file.raw) == 0, rename(path + ".new", path) == 0
        else { throw SystemError("cannot write", path) }
        try? LocalFiles.sync(folder: folder)
    }
}

// MARK: Waiting

extension ShimSupervisor {
    /// Moves output to the log until something happens.
    private func wait(until deadline: Int64) -> Event {
        while true {
            if let status = reap() { return .ended(status) }
            let left = deadline == .max ? Int64.max : deadline - SystemTime.steady
            if left <= 0 { return .deadline }
            var polled = [pollfd(fd: signals, events: Int16(POLLIN), revents: 0)]
            if pipe >= 0 { polled.append(pollfd(fd: pipe, events: Int16(POLLIN), revents: 0)) }
            // An idle shim sleeps; only the beginning of a line is looked at again soon.
            let nap = log.hasOpenLine ? min(left, 200) : left
            let ready = poll(&polled, nfds_t(polled.count), nap > Int32.max ? -1 : Int32(nap))
            if ready == 0 { log.flush() }
            if polled.count > 1, polled[1].revents != 0 { readPipe() }
            if polled[0].revents != 0, readSignals() { return .terminate }
        }
    }

    /// The command's wait status once it ended; reaps adopted descendants on the way.
    private func reap() -> Int32? {
        var result: Int32?
        var status: Int32 = 0
        while true {
            let pid = waitpid(-1, &status, WNOHANG)
            if pid <= 0 { return result }
            if pid == command { result = status }
        }
    }

    private func readSignals() -> Bool {
        var isTerminating = false
        while true {
            let number = headgate_next_signal(signals)
            if number == 0 { break }
            if number == SIGTERM || number == SIGINT { isTerminating = true }
        }
        return isTerminating
    }

    func readPipe() {
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = Glibc.read(pipe, &buffer, buffer.count)
        if count > 0 { log.append(buffer[..<count]) }
        guard count == 0 else { return }
        close(pipe)
        pipe = -1
    }

    /// Reads what is left when every writer has ended.
    func drain() {
        while pipe >= 0 {
            var polled = pollfd(fd: pipe, events: Int16(POLLIN), revents: 0)
            guard poll(&polled, 1, 0) > 0 else { break }
            readPipe()
        }
        if pipe >= 0 { close(pipe) }
        pipe = -1
    }
}
