import Foundation
import GRDB
package import HeadgateCore

extension SQLiteLedger: LedgerReader {
    package func events(
        after id: Int64?, object: ObjectID?, limit: Int
    ) async throws(LedgerError) -> [StoredEvent] {
        try await perform { ledger in
            try ledger.pool.read { db in
                var filter = Filter()
                if let object {
                    filter.add("source = ?", object.source.text)
                    filter.add("kind = ?", object.kind.rawValue)
                    filter.add("name = ?", object.name)
                }
                if let id { filter.add("id > ?", id) }
                let rows = try Row.fetchAll(
                    db, sql: "SELECT * FROM events \(filter.sql) ORDER BY id \(id == nil ? "DESC" : "ASC") LIMIT ?",
                    arguments: filter.arguments + [max(limit, 0)])
                let events = try rows.map(Self.event)
                return id == nil ? events.reversed() : events
            }
        }
    }

    package func newestEvent() async throws(LedgerError) -> Int64 {
        try await read { db in try Int64.fetchOne(db, sql: "SELECT max(id) FROM events") ?? 0 }
    }

    package func runs(model: ModelID?, step: StepName?, limit: Int) async throws(LedgerError) -> [Run] {
        var filter = Filter()
        if let model { filter.add("model = ?", model.description) }
        if let step { filter.add("step = ?", step.text) }
        return try await records("runs", filter, "started DESC, id DESC", limit)
    }

    package func run(_ id: RunID) async throws(LedgerError) -> Run? {
        try await record("runs", "id = ?", id.text)
    }

    package func step(_ key: StepKey) async throws(LedgerError) -> StepRecord? {
        try await record("steps", "key = ?", key.digest.data)
    }

    package func versions(model: ModelID?, limit: Int) async throws(LedgerError) -> [VersionRecord] {
        var filter = Filter()
        if let model { filter.add("model = ?", model.description) }
        return try await records("versions", filter, "created DESC, id", limit)
    }

    package func versions(prefix: String) async throws(LedgerError) -> [VersionRecord] {
        let hex = prefix.utf8.starts(with: "sha256:".utf8) ? prefix.utf8.dropFirst(7) : prefix.utf8[...]
        let missing = 64 - hex.count
        guard missing >= 0, !hex.isEmpty,
            let least = Hex.decode(Array(hex) + [UInt8](repeating: UInt8(ascii: "0"), count: missing)),
            let most = Hex.decode(Array(hex) + [UInt8](repeating: UInt8(ascii: "f"), count: missing))
        else { return [] }
        var filter = Filter("id >= ?", Data(least))
        filter.add("id <= ?", Data(most))
        return try await records("versions", filter, "id", 100)
    }

    package func assessments(version: VersionID) async throws(LedgerError) -> [Assessment] {
        try await records("assessments", Filter("version = ?", version.digest.data), "created DESC, id", .max)
    }

    package func assessment(_ id: AssessmentID) async throws(LedgerError) -> Assessment? {
        try await record("assessments", "id = ?", id.digest.data)
    }

    package func verdicts(
        model: ModelID?, deployment: DeploymentID?, version: VersionID?, limit: Int
    ) async throws(LedgerError) -> [RecordedVerdict] {
        var filter = Filter()
        if let model { filter.add("model = ?", model.description) }
        if let deployment { filter.add("deployment = ?", deployment.description) }
        if let version { filter.add("version = ?", version.digest.data) }
        return try await records("verdicts", filter, "recorded DESC, id DESC", limit)
    }

    package func history(_ deployment: DeploymentID, limit: Int) async throws(LedgerError) -> [Champion] {
        try await read { db in
            let rows = try Row.fetchAll(
                db, sql: "SELECT * FROM champions WHERE deployment = ? ORDER BY since DESC, id DESC LIMIT ?",
                arguments: [deployment.description, max(limit, 0)])
            return try rows.map(Self.champion)
        }
    }

    package func overrides(
        deployment: DeploymentID?, policy: PolicyName?, validAt: Instant?
    ) async throws(LedgerError) -> [Override] {
        var filter = Filter()
        if let deployment { filter.add("deployment = ?", deployment.description) }
        if let policy { filter.add("policy = ?", policy.text) }
        if let validAt { filter.add("expires > ?", validAt.milliseconds) }
        return try await records("overrides", filter, "recorded DESC, id DESC", .max)
    }

    // MARK: Reading

    /// Conditions that must all hold.
    struct Filter: Sendable {
        private var conditions: [String] = []
        private var values: [DatabaseValue] = []

        init() {}

        init(_ condition: String, _ value: some DatabaseValueConvertible) { add(condition, value) }

        mutating func add(_ condition: String, _ value: some DatabaseValueConvertible) {
            conditions.append(condition)
            values.append(value.databaseValue)
        }

        var sql: String { conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ") }
        var arguments: StatementArguments { StatementArguments(values) }
    }

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(LedgerError) -> Value {
        try await perform { ledger in try ledger.pool.read(body) }
    }

    private func records<Record: Decodable & Sendable>(
        _ table: String, _ filter: Filter, _ order: String, _ limit: Int
    ) async throws(LedgerError) -> [Record] {
        try await read { db in
            try BodyReader(db: db, workers: 1).all(
                from: "\(table) \(filter.sql) ORDER BY \(order) LIMIT \(max(limit, 0))", filter.arguments)
        }
    }

    private func record<Record: Decodable & Sendable>(
        _ table: String, _ condition: String, _ value: some DatabaseValueConvertible
    ) async throws(LedgerError) -> Record? {
        let found: [Record] = try await records(table, Filter(condition, value), "1", 1)
        return found.first
    }

    private static func event(_ row: Row) throws -> StoredEvent {
        func unreadable(_ reason: String) -> UnreadableRecord {
            UnreadableRecord(table: "events", row: "\(row["id"] as Int64)", reason: reason)
        }
        var object: ObjectID?
        if let name = row["name"] as String? {
            guard let source = SourceName(row["source"] as String), let kind = Kind(rawValue: row["kind"]) else {
                throw unreadable("its object is not a name")
            }
            object = ObjectID(source: source, kind: kind, name: name)
        }
        guard let severity = LoggedEvent.Severity(rawValue: row["severity"]) else {
            throw unreadable("its severity is unknown")
        }
        let event = LoggedEvent(
            severity, row["reason"], row["message"], object: object, revision: try revision(row),
            at: Instant(milliseconds: row["at"]))
        return StoredEvent(id: row["id"], event: event)
    }

    private static func champion(_ row: Row) throws -> Champion {
        guard let version = Digest(bytes: row["version"] as Data),
            let assessment = Digest(bytes: row["assessment"] as Data), let revision = try revision(row)
        else {
            throw UnreadableRecord(table: "champions", row: "\(row["id"] as Int64)", reason: "a digest is malformed")
        }
        return Champion(
            version: VersionID(version), assessment: AssessmentID(assessment), revision: revision,
            since: Instant(milliseconds: row["since"]), restored: row["restored"])
    }

    private static func revision(_ row: Row) throws -> Revision? {
        guard let hex = row["commit"] as String? else { return nil }
        guard let commit = CommitID(hex) else {
            throw UnreadableRecord(table: "events", row: "\(row["id"] as Int64)", reason: "not a commit: \(hex)")
        }
        return Revision(reference: row["reference"], commit: commit)
    }
}
