import Dispatch
import Foundation
import GRDB
package import HeadgateCore
import Synchronization

extension SQLiteLedger {
    package func load() async throws(LedgerError) -> LedgerContents {
        try await perform { ledger in try ledger.pool.read(LedgerContents.init(reading:)) }
    }

    /// What a ledger holds that a controller may be using; nothing in it is changed.
    ///
    /// One of an older version is brought to the present one first.
    package static func contents(of path: String) async throws(LedgerError) -> LedgerContents {
        do {
            if let contents = try read(path) { return contents }
        } catch {
            throw LedgerError(error, path)
        }
        return try await SQLiteLedger(path: path).load()
    }

    /// Nil for a ledger that has to be migrated.
    private static func read(_ path: String) throws -> LedgerContents? {
        let queue = try readOnly(path)
        defer { try? queue.close() }
        return try queue.read { db in
            guard try version(db, path) == Schema.newest else { return nil }
            return try LedgerContents(reading: db)
        }
    }
}

extension LedgerContents {
    fileprivate init(reading db: Database) throws {
        let reader = BodyReader(db: db)
        self.init()
        sources = try reader.all(from: "sources ORDER BY name")
        objects = try reader.all(from: "objects ORDER BY source, kind, name")
        // The attempts that live, and the last one of each key without a result, whose number goes on.
        runs = try reader.all(
            from: """
                runs WHERE state IN ('running', 'cancelling') OR (
                    NOT EXISTS (SELECT 1 FROM steps WHERE steps.key = runs.key)
                    AND attempt = (SELECT max(attempt) FROM runs AS others WHERE others.key = runs.key))
                ORDER BY id
                """)
        steps = try reader.all(from: "steps ORDER BY key")
        versions = try reader.all(from: "versions ORDER BY id")
        assessments = try reader.all(from: "assessments ORDER BY id")
        verdicts = try reader.all(from: "verdicts ORDER BY id")
        deployments = try reader.all(from: "deployments ORDER BY id")
        modelStatuses = try reader.all(from: "model_statuses ORDER BY id")
        overrides = try reader.all(from: "overrides ORDER BY id")
    }
}

/// Reads bodies of records, taking them apart on all cores.
final class BodyReader {
    private let db: Database
    private let workers: Int
    private let decoders: [RecordDecoder]

    init(db: Database, workers: Int = max(1, min(8, ProcessInfo.processInfo.activeProcessorCount))) {
        self.db = db
        self.workers = workers
        decoders = (0..<workers).map { _ in RecordDecoder() }
    }

    /// All records of a table, or of a part of it.
    ///
    /// `source`: What follows FROM.
    func all<Record: Decodable & Sendable>(
        from source: String, _ arguments: StatementArguments = StatementArguments()
    ) throws -> [Record] {
        var records: [Record] = []
        var batch = Batch()
        let rows = try Row.fetchCursor(db.cachedStatement(sql: "SELECT body FROM \(source)"), arguments: arguments)
        while let row = try rows.next() {
            try row.withUnsafeData(atIndex: 0) { batch.append($0 ?? Data()) }
            if batch.isFull { try decode(&batch, into: &records, source, arguments) }
        }
        try decode(&batch, into: &records, source, arguments)
        return records
    }

    private func decode<Record: Decodable & Sendable>(
        _ batch: inout Batch, into records: inout [Record], _ source: String, _ arguments: StatementArguments
    ) throws {
        let parts = batch.parts(workers)
        let results = Mutex([Result<[Record], Failure>?](repeating: nil, count: parts.count))
        // A decoder serves one iteration only, so no two threads meet in it.
        nonisolated(unsafe) let decoders = decoders
        let texts = batch
        DispatchQueue.concurrentPerform(iterations: parts.count) { index in
            let result = texts.decode(Record.self, parts[index], with: decoders[index])
            results.withLock { $0[index] = result }
        }
        for result in results.withLock({ $0 }).compactMap({ $0 }) {
            switch result {
            case .success(let part): records.append(contentsOf: part)
            case .failure(let failure):
                let table = String(source.prefix { $0 != " " })
                let skipped = records.count + failure.index
                let row = try String.fetchOne(
                    db, sql: "SELECT quote(\(Self.identity(table))) FROM \(source) LIMIT 1 OFFSET \(skipped)",
                    arguments: arguments)
                throw UnreadableRecord(table: table, row: row ?? "?", reason: failure.reason)
            }
        }
        batch.removeAll()
    }

    private static func identity(_ table: String) -> String {
        switch table {
        case "sources": "name"
        case "objects": "source || '/' || kind || '/' || name"
        case "steps": "key"
        default: "id"
        }
    }

    private struct Failure: Error {
        /// Counts within the part's successes before it.
        let index: Int
        let reason: String
    }

    /// Bodies, one after the other.
    private struct Batch: Sendable {
        private var bytes: [UInt8] = []
        private var ends: [Int] = []

        var isFull: Bool { ends.count >= 4096 || bytes.count >= 8 << 20 }

        mutating func append(_ body: Data) {
            bytes.append(contentsOf: body)
            ends.append(bytes.count)
        }

        mutating func removeAll() {
            bytes.removeAll(keepingCapacity: true)
            ends.removeAll(keepingCapacity: true)
        }

        /// Equal shares for workers; one for few bodies.
        func parts(_ workers: Int) -> [Range<Int>] {
            if ends.isEmpty { return [] }
            let count = ends.count < 256 ? 1 : workers
            return (0..<count).map { ends.count * $0 / count..<ends.count * ($0 + 1) / count }
        }

        func decode<Record: Decodable>(
            _ type: Record.Type, _ part: Range<Int>, with decoder: RecordDecoder
        ) -> Result<[Record], Failure> {
            bytes.withUnsafeBufferPointer { bytes in
                var records: [Record] = []
                records.reserveCapacity(part.count)
                for index in part {
                    let start = index == 0 ? 0 : ends[index - 1]
                    do {
                        records.append(
                            try decoder.decode(type, from: UnsafeBufferPointer(rebasing: bytes[start..<ends[index]])))
                    } catch {
                        return .failure(Failure(index: index - part.lowerBound, reason: describe(error)))
                    }
                }
                return .success(records)
            }
        }

        private func describe(_ error: any Error) -> String {
            switch error as? DecodingError {
            case .dataCorrupted(let context), .keyNotFound(_, let context), .typeMismatch(_, let context),
                .valueNotFound(_, let context):
                context.debugDescription
            default: "\(error)"
            }
        }
    }
}
