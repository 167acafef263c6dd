package import HeadgateCore

/// Where things stand in a state folder.
///
/// Only names: nothing is read or made.
package struct StateLayout: Hashable, Sendable {
    /// The folder.
    package let root: String

    package init(_ root: String) { self.root = root }

    /// Held by the controller that uses the folder.
    package var lock: String { "\(root)/lock" }
    /// The durable record, a SQLite database; `-wal` and `-shm` beside it belong to it.
    package var ledger: String { "\(root)/ledger.sqlite" }
    /// Content-addressed files.
    package var objects: String { "\(root)/objects" }
    /// A bare mirror a source.
    package var mirrors: String { "\(root)/mirrors" }
    /// A folder a run: workspace, log, outcome.
    package var runs: String { "\(root)/runs" }
    /// Virtual environments by the digest of what they are made from.
    package var environments: String { "\(root)/environments" }
    /// Versions that serve on the local target.
    package var serving: String { "\(root)/serving" }
    /// The local router's state and socket.
    package var router: String { "\(root)/router" }
    /// The API's Unix socket.
    package var apiSocket: String { "\(root)/api.sock" }
    /// The local router's control socket.
    package var routerSocket: String { "\(router)/control.sock" }

    /// All folders, the root first.
    package var folders: [String] { [root, objects, mirrors, runs, environments, serving, router] }

    /// The folder of a run.
    package func run(_ id: RunID) -> String { "\(runs)/\(id)" }
    /// The bare mirror of a source.
    package func mirror(_ source: SourceName) -> String { "\(mirrors)/\(source)" }
    /// The folder of an environment.
    package func environment(_ digest: EnvironmentDigest) -> String { "\(environments)/\(digest.digest.hex)" }

    /// Bytes that Linux's socket addresses hold, the zero at the end included.
    package static let socketPathLimit = 108

    /// Refuses a socket path that the system would cut short.
    package static func check(socket path: String) throws(StateFolderError) {
        guard path.utf8.count >= socketPathLimit else { return }
        throw StateFolderError(
            .pathTooLong,
            "the socket path \(path) has \(path.utf8.count) bytes and Linux allows \(socketPathLimit - 1): "
                + "use a state folder with a shorter path")
    }
}

/// Why a state folder cannot be used.
package struct StateFolderError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// Another process uses it.
        case locked
        case permission, pathTooLong, diskFull, io
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
    /// Whether waiting may help.
    package var mayRetry: Bool { code == .locked || code == .diskFull || code == .io }
}
