/// Which part of a model server's log is asked for.
package struct ServerLogQuery: Hashable, Sendable {
    package let deployment: DeploymentID
    package let version: VersionID
    /// Counted from 0.
    package let replica: Int
    /// Where an earlier part ended; nil for the first.
    package let position: LogPosition?
    /// How many of the last lines the first part begins with; nil for all that is kept.
    package let tail: Int?

    package init(
        deployment: DeploymentID, version: VersionID, replica: Int, position: LogPosition? = nil, tail: Int? = nil
    ) {
        self.deployment = deployment
        self.version = version
        self.replica = replica
        self.position = position
        self.tail = tail
    }
}

/// A part of a model server's log, as its target keeps it.
package struct ServerLogPart: Hashable, Sendable {
    /// Empty at the end of what there is; at most ``limit`` bytes.
    package var bytes: [UInt8]
    /// Where the next part begins.
    package var next: LogPosition
    /// Whether a server runs that may go on with it.
    package var isLive: Bool

    /// The most bytes of one part.
    package static let limit = 256 << 10

    package init(bytes: [UInt8], next: LogPosition, isLive: Bool) {
        self.bytes = bytes
        self.next = next
        self.isLive = isLive
    }
}

/// A place in a log that begins a new file from time to time.
package struct LogPosition: Hashable, Sendable, CustomStringConvertible {
    package let file: UInt64
    /// In bytes.
    package let offset: Int
    /// Of what stands before it: the number of a file that is gone is given to another.
    package let check: UInt64

    package init(file: UInt64, offset: Int, check: UInt64) {
        self.file = file
        self.offset = offset
        self.check = check
    }

    /// Reads what ``description`` gives.
    package init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 3, let file = UInt64(parts[0]), let offset = Int(parts[1]), offset >= 0,
            let check = UInt64(parts[2])
        else { return nil }
        self.init(file: file, offset: offset, check: check)
    }

    package var description: String { "\(file):\(offset):\(check)" }
}

extension ServingTarget {
    package func log(_ query: ServerLogQuery) async throws(TargetError) -> ServerLogPart {
        throw TargetError(.rejected, "its target keeps no logs of servers")
    }
}
