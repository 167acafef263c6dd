package import HeadgateCore

/// What a shim runs and how it ends it: `spec.json` in its folder.
package struct ShimSpec: Hashable, Sendable, Codable {
    package enum Mode: Hashable, Sendable, Codable {
        /// Runs the command to its end.
        case once(timeout: Duration)
        /// Starts the command again whenever it ends, until the shim is told to stop.
        case server(RestartPolicy)
    }

    /// The waits between the starts of a server.
    package struct RestartPolicy: Hashable, Sendable, Codable {
        package var base: Duration
        package var cap: Duration
        /// A server that ran so long begins again with the least wait.
        package var resetAfter: Duration

        package init(
            base: Duration = .milliseconds(250), cap: Duration = .seconds(30), resetAfter: Duration = .seconds(60)
        ) {
            self.base = base
            self.cap = cap
            self.resetAfter = resetAfter
        }
    }

    /// Bounds of what is kept of a command's output.
    package struct LogLimits: Hashable, Sendable, Codable {
        /// Of the whole log, its rotated half included.
        package var bytes: Int
        package var lineBytes: Int

        package init(bytes: Int = 16 << 20, lineBytes: Int = 16 << 10) {
            self.bytes = bytes
            self.lineBytes = lineBytes
        }
    }

    /// Resource limits; nil leaves the shim's own.
    package struct ResourceLimits: Hashable, Sendable, Codable {
        package var openFiles: UInt64?
        package var addressSpace: UInt64?
        package var fileSize: UInt64?

        package init(openFiles: UInt64? = nil, addressSpace: UInt64? = nil, fileSize: UInt64? = nil) {
            self.openFiles = openFiles
            self.addressSpace = addressSpace
            self.fileSize = fileSize
        }
    }

    /// The program and its arguments.
    ///
    /// A name without a slash is looked up in the environment's `PATH`.
    package var command: [String]
    package var directory: String
    /// The command's whole environment but for secrets and the shim's own mark.
    package var environment: [String: String]
    package var mode: Mode
    /// From SIGTERM to SIGKILL.
    package var grace: Duration
    package var log: LogLimits
    package var limits: ResourceLimits

    package init(
        command: [String], directory: String, environment: [String: String], mode: Mode,
        grace: Duration = .seconds(10), log: LogLimits = LogLimits(), limits: ResourceLimits = ResourceLimits()
    ) {
        self.command = command
        self.directory = directory
        self.environment = environment
        self.mode = mode
        self.grace = grace
        self.log = log
        self.limits = limits
    }
}

/// Who runs: `started.json`, written before the command does anything.
package struct ShimStarted: Hashable, Sendable, Codable {
    package var shim: ProcessIdentity
    /// Nil until a command was made.
    package var command: ProcessIdentity?
}

/// How it ended: `exit.json`, written once, when nothing of it is left.
package struct ShimExit: Hashable, Sendable, Codable {
    package enum Outcome: Hashable, Sendable, Codable {
        case exited(Int32)
        case signalled(Int32)
        case timedOut
        case cancelled
        case couldNotStart(errno: Int32, message: String)

        /// What became of a command, to go on after what it is.
        var text: String {
            switch self {
            case .exited(let code): "ended with exit code \(code)"
            case .signalled(let number): "was killed by signal \(number)"
            case .timedOut: "timed out"
            case .cancelled: "was stopped"
            case .couldNotStart(_, let message): "could not start: \(message)"
            }
        }
    }

    package var outcome: Outcome
    package var started: Instant
    package var ended: Instant
    /// Processes that were still there when the command had ended, and were killed.
    package var leftBehind: Int
    package var log: LogSummary

    package struct LogSummary: Hashable, Sendable, Codable {
        package var written: Int
        package var dropped: Int
    }
}

/// What a server does: `status.json`, replaced at every change.
package struct ShimStatus: Hashable, Sendable, Codable {
    package enum Phase: String, Hashable, Sendable, Codable {
        case running, waiting, stopping
    }

    package var phase: Phase
    package var command: ProcessIdentity?
    /// Starts after the first.
    package var restarts: Int
    package var lastExit: ShimExit.Outcome?
    /// When the phase began.
    package var since: Instant
}

/// Names of a shim's files in its folder.
enum ShimFile {
    static let spec = "spec.json"
    static let lock = "lock"
    static let started = "started.json"
    static let exit = "exit.json"
    static let status = "status.json"
    static let log = "log"
    /// Asks a shim to stop that may not yet hear signals.
    static let stop = "stop"
    /// Marks every process of a shim, so that what it left behind can be found when it was killed.
    static let mark = "HEADGATE_SHIM"
    /// The descriptor by which a starter hands over the lock that it already holds.
    static let lockDescriptor: Int32 = 3
}
