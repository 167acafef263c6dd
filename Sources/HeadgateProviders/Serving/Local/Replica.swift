import Glibc
import HeadgateCore

/// One model server of a version: a shim in server mode, the port that its server keeps, and what is known of it.
struct Replica: Sendable {
    /// What survives a restart of the controller: `replica.json`.
    struct Record: Hashable, Sendable, Codable {
        var port: Int
    }

    let folder: String
    let port: Int
    /// Since when it has not been ready; counted anew by each controller.
    var since = SystemTime.now
    var isReady = false
    var wasReady = false
    /// The server that answered that it is ready.
    var readyServer: ProcessIdentity?
    /// Those of shims that were lost before this one, which count as one each, included.
    var restarts: Int
    private let earlier: Int
    /// Restarts when it was last ready.
    var restartsBefore: Int
    var lastExit: ShimExit.Outcome?
    /// When it was last started again.
    var restarted: Instant?
    var isRunning = false
    var nextProbe: ContinuousClock.Instant = .now
    var failedProbes = 0
    /// Since when it has been one too many.
    var leavingSince: ContinuousClock.Instant?
    private var seen: FileMark?

    init(folder: String, port: Int, after lost: Replica? = nil) {
        self.folder = folder
        self.port = port
        earlier = lost.map { $0.restarts + 1 } ?? 0
        restarts = earlier
        restartsBefore = earlier
        restarted = lost.map { _ in since }
    }

    /// How its server ended before it was started again; nil as long as it was not.
    var exit: String? { restarts == 0 ? nil : lastExit?.text ?? "was lost with its shim" }

    var shim: ShimProcess { ShimProcess(folder: folder) }
    var endpoint: String { "127.0.0.1:\(port)" }

    /// Whether somebody else listens where its server, which ended, is to start again.
    ///
    /// What the shim says is read before and after: its own server may be up again at any moment.
    var isPortTaken: Bool {
        guard !isReady, let before = shim.status, before.phase == .waiting, LoopbackPort.isListening(port) else {
            return false
        }
        return shim.status == before
    }

    static func record(in folder: String) -> Record? { JSONFile.read(Record.self, folder + "/replica.json") }

    static func write(_ record: Record, in folder: String) throws(SystemError) {
        try LocalFiles.createFolders(folder)
        do {
            try JSONFile.write(record, to: folder + "/replica.json")
        } catch let error as SystemError {
            throw error
        } catch {
            throw SystemError("cannot encode", folder, number: EINVAL)
        }
    }

    /// When a file was last replaced.
    private struct FileMark: Hashable, Sendable {
        let node: UInt64
        let time: Int64
    }

    /// Takes over what the shim says, if it said anything new.
    ///
    /// A server that was started again is not ready.
    mutating func refresh(now: Instant) {
        let path = folder + "/" + ShimFile.status
        guard let file = LocalFiles.status(path) else { return }
        let mark = FileMark(
            node: UInt64(file.st_ino), time: Int64(file.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(file.st_mtim.tv_nsec))
        guard mark != seen, let status = shim.status else { return }
        seen = mark
        if earlier + status.restarts > restarts { restarted = status.since }
        restarts = earlier + status.restarts
        lastExit = status.lastExit
        isRunning = status.phase == .running
        if status.command != readyServer || !isRunning { lose(now: now) }
    }

    /// Takes it for ready before it was asked; it is asked next.
    mutating func trust() {
        guard shim.isAlive, let server = shim.status?.command else { return }
        isReady = true
        wasReady = true
        readyServer = server
        nextProbe = .now
    }

    mutating func lose(now: Instant) {
        if isReady { since = now }
        isReady = false
        readyServer = nil
        failedProbes = 0
        nextProbe = .now
    }

    /// Takes over the answer of a probe; one that is ready is asked again after the interval.
    mutating func probed(_ answer: Bool, server: ProcessIdentity?, now: Instant, interval: Duration) {
        if answer {
            isReady = true
            wasReady = true
            readyServer = server
            restartsBefore = restarts
            failedProbes = 0
            nextProbe = .now + interval
            return
        }
        guard isReady else {
            nextProbe = .now + .milliseconds(100)
            return
        }
        // One slow answer is no reason to call a server that works unready.
        failedProbes += 1
        nextProbe = .now + .seconds(1)
        if failedProbes >= 3 { lose(now: now) }
    }

    /// Why it is taken to be broken; nil as long as it may still become ready.
    func problem(within limit: Duration, now: Instant) -> String? {
        if isReady { return nil }
        let exits = restarts - restartsBefore
        let last = lastExit.map { "; it \($0.text)" } ?? ""
        if exits >= 5 { return "its server ended \(exits) times without being ready\(last)".ending(inOutput: tail) }
        if now - since >= limit { return "not ready within \(limit)\(last)".ending(inOutput: tail) }
        return nil
    }

    private var tail: String { LocalFiles.tail(shim.logPath, lines: 10, bytes: 2048) }
}
