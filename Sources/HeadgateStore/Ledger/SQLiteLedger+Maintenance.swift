import Foundation
import GRDB
package import HeadgateCore

extension SQLiteLedger: LedgerMaintenance {
    package func prune(
        before: Instant, keepingChampions champions: Int, wanted: Set<StepKey>
    ) async throws(LedgerError) -> PrunedRecords {
        try await perform { ledger in
            try ledger.pool.write { db in
                try Pruning(db: db, before: before.milliseconds, champions: champions, wanted: wanted).run()
            }
        }
    }

    package func wouldPrune(
        before: Instant, keepingChampions champions: Int, wanted: Set<StepKey>
    ) async throws(LedgerError) -> (PrunedRecords, LedgerRoots) {
        try await perform { ledger in
            var found = (PrunedRecords(), LedgerRoots())
            try ledger.pool.writeWithoutTransaction { db in
                try db.inTransaction {
                    found.0 = try Pruning(
                        db: db, before: before.milliseconds, champions: champions, wanted: wanted
                    ).run()
                    found.1 = try LedgerRoots(db)
                    return .rollback
                }
            }
            return found
        }
    }

    package func roots() async throws(LedgerError) -> LedgerRoots { try await read { try LedgerRoots($0) } }

    package func backup(to path: String) async throws(LedgerError) {
        try await perform { ledger in
            guard try LocalFiles.facts(path) == nil else {
                throw LedgerError(.io, "\(path) exists already: name a file that does not")
            }
            let partial = path + ".partial"
            LocalFiles.removeAll(partial)
            do {
                let copy = try DatabaseQueue(path: partial)
                try ledger.pool.backup(to: copy)
                try copy.close()
                try OpenFile.reading(partial).synchronize()
                try LocalFiles.rename(partial, to: path)
                try LocalFiles.synchronizeFolder(LocalFiles.parent(of: path))
            } catch {
                for suffix in ["", "-wal", "-shm", "-journal"] { LocalFiles.removeAll(partial + suffix) }
                if let error = error as? StorageError {
                    throw LedgerError(error.code == .diskFull ? .diskFull : .io, error.message)
                }
                throw LedgerError(error, path)
            }
        }
    }

    /// What is wrong with a ledger that no controller uses; reads only, and brings nothing up to date.
    package static func problems(of path: String) -> [String] {
        do {
            try refuseForeign(path)
            var configuration = Configuration()
            configuration.readonly = true
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            defer { try? queue.close() }
            return try queue.read { try String.fetchAll($0, sql: "PRAGMA quick_check(5)").filter { $0 != "ok" } }
        } catch {
            return [LedgerError(error, path).message]
        }
    }

    package func check() async throws(LedgerError) -> [String] {
        try await read { db in
            var problems = try String.fetchAll(db, sql: "PRAGMA integrity_check(50)").filter { $0 != "ok" }
            for row in try Row.fetchAll(db, sql: "PRAGMA foreign_key_check") {
                problems.append("a row of \(row[0] as String) names a row of \(row[2] as String) that is gone")
            }
            return problems
        }
    }
}

extension LedgerRoots {
    fileprivate init(_ db: Database) throws {
        self = try Self.read(db)
    }

    private static func read(_ db: Database) throws -> LedgerRoots {
        var roots = LedgerRoots()
        let digests = try Data.fetchCursor(
            db,
            sql: """
                SELECT tree FROM step_outputs UNION SELECT artifact FROM versions
                UNION SELECT environment_lock FROM steps WHERE environment_lock IS NOT NULL
                """)
        while let data = try digests.next() {
            if let digest = Digest(bytes: data) { roots.trees.insert(TreeDigest(digest)) }
        }
        let environments = try Data.fetchCursor(
            db,
            sql: """
                SELECT environment FROM versions WHERE environment IS NOT NULL
                UNION SELECT environment FROM runs WHERE environment IS NOT NULL
                    AND (ended IS NULL OR id IN (SELECT run FROM steps))
                """)
        while let data = try environments.next() {
            if let digest = Digest(bytes: data) { roots.environments.insert(EnvironmentDigest(digest)) }
        }
        roots.runs = Set(try String.fetchAll(db, sql: "SELECT id FROM runs").compactMap { RunID($0) })
        let reader = BodyReader(db: db)
        let live: [Run] = try reader.all(from: "runs WHERE ended IS NULL ORDER BY id")
        for input in live.flatMap(\.launch.inputs) {
            if case .stored(let tree) = input.content { roots.trees.insert(tree) }
        }
        let deployments: [DeploymentRecord] = try reader.all(from: "deployments ORDER BY id")
        for version in deployments.compactMap(\.applied).flatMap(\.versions) {
            roots.trees.insert(version.bundle.artifact)
            if let environment = version.bundle.environment { roots.environments.insert(environment.digest) }
        }
        return roots
    }
}

/// Forgets what is beyond retention, in one transaction.
private struct Pruning {
    let db: Database
    let before: Int64
    let champions: Int
    let wanted: Set<StepKey>

    func run() throws -> PrunedRecords {
        try db.execute(sql: "CREATE TEMP TABLE kept (digest BLOB NOT NULL PRIMARY KEY) WITHOUT ROWID")
        try pruneChampions()
        let deployments: [DeploymentRecord] = try BodyReader(db: db).all(from: "deployments ORDER BY id")
        var pruned = PrunedRecords()
        pruned.versions = try pruneVersions(deployments).map { VersionID($0) }
        pruned.assessments = try pruneAssessments(deployments).map { AssessmentID($0) }
        pruned.steps = try pruneSteps().map { StepKey($0) }
        pruned.runs = try pruneRuns()
        // A verdict on no version is about a plan; those on versions go with them.
        try execute("DELETE FROM verdicts WHERE version IS NULL AND recorded < ?", [before])
        try execute("DELETE FROM overrides WHERE expires < ?", [before])
        try db.execute(sql: "DROP TABLE temp.kept")
        return pruned
    }

    private func pruneChampions() throws {
        // One was champion until the next one was, or until its Deployment went.
        try execute(
            """
            WITH ranked AS (
                SELECT id, deployment, row_number() OVER (PARTITION BY deployment ORDER BY since DESC, id DESC) AS age,
                    ifnull(ended, lead(since) OVER (PARTITION BY deployment ORDER BY since, id)) AS until
                FROM champions)
            DELETE FROM champions WHERE id IN (
                SELECT id FROM ranked WHERE until < ?
                    AND NOT (age <= ? AND deployment IN (SELECT id FROM deployments)))
            """, [before, champions])
    }

    private func kept(_ record: DeploymentRecord) -> [Champion] {
        record.history(since: Instant(milliseconds: before), atLeast: champions)
    }

    private func pruneVersions(_ deployments: [DeploymentRecord]) throws -> [Digest] {
        try keep(
            deployments.flatMap { record in
                var versions = [record.champion?.version, record.desired, record.rollout?.candidate.version]
                versions.append(contentsOf: kept(record).map(\.version))
                versions.append(contentsOf: record.warm.map(\.version.version))
                versions.append(contentsOf: record.holds.flatMap { [$0.version, $0.stay] })
                versions.append(contentsOf: record.applied?.versions.map(\.version) ?? [])
                return versions.compactMap { $0?.digest }
            })
        try execute(
            """
            INSERT OR IGNORE INTO temp.kept SELECT version FROM champions
            UNION SELECT version FROM model_statuses WHERE version IS NOT NULL
            """)
        return try delete("DELETE FROM versions WHERE created < ? AND id NOT IN temp.kept RETURNING id", [before])
    }

    private func pruneAssessments(_ deployments: [DeploymentRecord]) throws -> [Digest] {
        // Those of a version that is gone went with it; of a version that stays, the last one stays.
        try keep(
            deployments.flatMap { record in
                var assessments = [record.champion?.assessment, record.desiredAssessment]
                assessments.append(contentsOf: kept(record).map(\.assessment))
                return assessments.compactMap { $0?.digest }
            })
        try execute(
            """
            INSERT OR IGNORE INTO temp.kept SELECT assessment FROM champions
            UNION SELECT assessment FROM model_statuses WHERE assessment IS NOT NULL
            UNION SELECT id FROM assessments AS last WHERE NOT EXISTS (
                SELECT 1 FROM assessments WHERE version = last.version AND created > last.created)
            """)
        return try delete("DELETE FROM assessments WHERE created < ? AND id NOT IN temp.kept RETURNING id", [before])
    }

    private func pruneSteps() throws -> [Digest] {
        try keep(wanted.map(\.digest))
        try execute(
            """
            INSERT OR IGNORE INTO temp.kept SELECT key FROM assessment_steps
            UNION SELECT key FROM runs WHERE ended IS NULL
            """)
        return try delete("DELETE FROM steps WHERE recorded < ? AND key NOT IN temp.kept RETURNING key", [before])
    }

    private func pruneRuns() throws -> [RunID] {
        // The last attempt at a wanted key stays, since the next one's number follows from it.
        try String.fetchAll(
            db,
            sql: """
                DELETE FROM runs WHERE ended < ? AND id NOT IN (SELECT run FROM steps) AND NOT (
                    key IN temp.kept
                    AND attempt = (SELECT max(attempt) FROM runs AS others WHERE others.key = runs.key))
                RETURNING id
                """, arguments: [before]
        ).compactMap { RunID($0) }.sorted()
    }

    /// Begins a new set of digests.
    private func keep(_ digests: [Digest]) throws {
        try execute("DELETE FROM temp.kept")
        for digest in digests { try execute("INSERT OR IGNORE INTO temp.kept VALUES (?)", [digest.data]) }
    }

    private func delete(_ sql: String, _ arguments: StatementArguments) throws -> [Digest] {
        try Data.fetchAll(db, sql: sql, arguments: arguments).compactMap { Digest(bytes: $0) }.sorted()
    }

    private func execute(_ sql: String, _ arguments: StatementArguments = StatementArguments()) throws {
        try db.execute(sql: sql, arguments: arguments)
    }
}
