import Dispatch
import GRDB
package import HeadgateCore
import Synchronization

/// The ledger as a SQLite database in WAL mode: one writer, readers beside it, every commit on disk when it returns.
package final class SQLiteLedger: Ledger {
    /// How much of what grows is kept.
    package struct Limits: Hashable, Sendable {
        /// Events of all objects together.
        package var events: Int
        /// Events of one object, so that a noisy one does not displace all others.
        package var eventsPerObject: Int

        package init(events: Int = 10_000, eventsPerObject: Int = 1_000) {
            self.events = max(events, 1)
            self.eventsPerObject = max(eventsPerObject, 1)
        }
    }

    /// The database file.
    package let path: String
    package let limits: Limits
    let pool: DatabasePool
    private let hasUncheckpointedWork = Mutex(false)

    /// Opens a ledger, which is made or brought to the present version if need be.
    ///
    /// - Throws: ``LedgerError`` with `.newerVersion`, having changed nothing, when a newer Headgate wrote it.
    package init(path: String, limits: Limits = Limits()) throws(LedgerError) {
        self.path = path
        self.limits = limits
        do {
            try Self.refuseForeign(path)
            var configuration = Configuration()
            configuration.busyMode = .timeout(5)
            configuration.maximumReaderCount = 4
            configuration.label = "ledger"
            pool = try DatabasePool(path: path, configuration: configuration)
            try pool.writeWithoutTransaction { db in
                // The pool itself settles for NORMAL, which may lose the last commits with the power.
                try db.execute(sql: "PRAGMA synchronous = FULL")
                try db.execute(sql: "PRAGMA journal_size_limit = 67108864")
                switch try Schema.find(db) {
                case .empty: try Schema.migrate(db, from: 0)
                case .ledger(let version): try Schema.migrate(db, from: version)
                case .other: throw Self.foreign(path)
                }
            }
        } catch {
            throw LedgerError(error, path)
        }
    }

    /// Closes all connections and leaves one file that holds everything; call it last.
    package func close() throws(LedgerError) {
        do {
            // The pool keeps its log when it closes; emptied, the one file is all.
            _ = try pool.writeWithoutTransaction { try $0.checkpoint(.truncate) }
            try pool.close()
        } catch {
            throw LedgerError(error, path)
        }
    }

    /// So many fill the writer's cache with pages that are not asked for again.
    private static let manyRecords = 1_000

    package func commit(_ records: [LedgerRecord]) async throws(LedgerError) {
        if records.isEmpty { return }
        try await perform { ledger in
            try ledger.pool.write { db in
                let writer = RecordWriter(db: db, limits: ledger.limits)
                for record in records { try writer.write(record) }
                try writer.finish()
            }
            if records.count >= Self.manyRecords {
                try ledger.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA shrink_memory") }
            }
            ledger.hasUncheckpointedWork.withLock { $0 = true }
        }
    }

    /// Moves what was committed into the main file; does nothing when nothing was committed since the last time.
    package func checkpoint() async throws(LedgerError) {
        try await perform { ledger in try ledger.checkpointNow() }
    }

    private func checkpointNow() throws {
        guard hasUncheckpointedWork.withLock({ $0 }) else { return }
        _ = try pool.writeWithoutTransaction { try $0.checkpoint(.passive) }
        hasUncheckpointedWork.withLock { $0 = false }
    }

    /// Runs blocking database work; the calling task's cancellation does not undo it.
    func perform<Value: Sendable>(
        _ work: @escaping @Sendable (SQLiteLedger) throws -> Value
    ) async throws(LedgerError) -> Value {
        let result: Result<Value, LedgerError> = await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(
                    returning: Result { try work(self) }.mapError { LedgerError($0, self.path) })
            }
        }
        return try result.get()
    }

    // MARK: What is opened

    /// Reads the version before any connection that could write is opened.
    static func refuseForeign(_ path: String) throws {
        guard let facts = try? LocalFiles.facts(path), facts.size > 0 else { return }
        let queue = try readOnly(path)
        defer { try? queue.close() }
        _ = try queue.read { try version($0, path) }
    }

    static func readOnly(_ path: String) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(5)
        return try DatabaseQueue(path: path, configuration: configuration)
    }

    /// The version of a ledger; nil for an empty database.
    static func version(_ db: Database, _ path: String) throws -> Int? {
        switch try Schema.find(db) {
        case .empty: return nil
        case .ledger(let version):
            guard version > Schema.newest else { return version }
            throw LedgerError(
                .newerVersion,
                "the ledger \(path) has version \(version), and this Headgate reads up to version \(Schema.newest): "
                    + "use the newer Headgate, or a backup from before the upgrade; nothing was changed")
        case .other: throw foreign(path)
        }
    }

    private static func foreign(_ path: String) -> LedgerError {
        LedgerError(.corrupted, "\(path) is a database of another program, not a ledger")
    }
}
