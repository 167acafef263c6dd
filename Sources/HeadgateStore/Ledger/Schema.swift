import GRDB
import HeadgateCore

/// The ledger's tables, as a list of steps that each bring a ledger from one version to the next.
///
/// A step that was shipped never changes; what changes is added as a new one.
enum Schema {
    /// `HGLG`, in the file's header, so that another program's database is not taken for a ledger.
    static let applicationID: Int32 = 0x4847_4C47

    /// Step n makes version n + 1.
    static let steps: [String] = [version1]

    static var newest: Int { steps.count }

    /// What a database file is, before anything in it is touched.
    enum Found: Equatable {
        case empty
        case ledger(version: Int)
        case other
    }

    static func find(_ db: Database) throws -> Found {
        let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        let application = try Int32.fetchOne(db, sql: "PRAGMA application_id") ?? 0
        if application == applicationID { return .ledger(version: version) }
        let isEmpty = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_schema") == 0
        return isEmpty && version == 0 && application == 0 ? .empty : .other
    }

    /// Brings a ledger to the newest version, one transaction a step.
    static func migrate(_ db: Database, from version: Int) throws {
        for number in version..<newest {
            try db.inTransaction(.immediate) {
                try db.execute(sql: steps[number])
                try db.execute(sql: "PRAGMA application_id = \(applicationID)")
                try db.execute(sql: "PRAGMA user_version = \(number + 1)")
                return .commit
            }
        }
    }

    // Digests are their 32 bytes, times are milliseconds since 1970, objects are `source/name`. `body` is the whole
    // record as JSON; the other columns repeat what is asked for or must hold.
    private static let version1 = """
        CREATE TABLE sources (
            name TEXT NOT NULL PRIMARY KEY CHECK (name <> ''),
            "commit" TEXT CHECK (length("commit") = 40),
            problem TEXT,
            body TEXT NOT NULL
        ) STRICT;

        CREATE TABLE objects (
            source TEXT NOT NULL CHECK (source <> ''),
            kind TEXT NOT NULL CHECK (kind IN ('Model', 'Policy', 'Deployment', 'Target')),
            name TEXT NOT NULL CHECK (name <> ''),
            body TEXT NOT NULL,
            PRIMARY KEY (source, kind, name)
        ) STRICT;

        CREATE TABLE runs (
            id TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
            key BLOB NOT NULL CHECK (length(key) = 32),
            model TEXT NOT NULL CHECK (model LIKE '_%/_%'),
            step TEXT NOT NULL CHECK (step <> ''),
            attempt INTEGER NOT NULL CHECK (attempt >= 1),
            state TEXT NOT NULL CHECK (
                state IN ('running', 'cancelling', 'succeeded', 'failed', 'errored', 'cancelled')),
            environment BLOB CHECK (length(environment) = 32),
            started INTEGER NOT NULL,
            ended INTEGER,
            retry_at INTEGER,
            body TEXT NOT NULL,
            CHECK ((ended IS NULL) = (state IN ('running', 'cancelling')))
        ) STRICT;
        CREATE UNIQUE INDEX one_live_run_of_a_key ON runs (key) WHERE state IN ('running', 'cancelling');
        CREATE INDEX runs_by_key ON runs (key, attempt);
        CREATE INDEX runs_by_model ON runs (model, started);
        CREATE INDEX runs_by_start ON runs (started);

        CREATE TABLE steps (
            key BLOB NOT NULL PRIMARY KEY CHECK (length(key) = 32),
            run TEXT NOT NULL REFERENCES runs (id) DEFERRABLE INITIALLY DEFERRED,
            outcome TEXT NOT NULL CHECK (outcome IN ('succeeded', 'failed', 'errored')),
            recorded INTEGER NOT NULL,
            environment_lock BLOB CHECK (length(environment_lock) = 32),
            body TEXT NOT NULL
        ) STRICT;
        CREATE INDEX steps_by_run ON steps (run);

        CREATE TABLE step_outputs (
            key BLOB NOT NULL REFERENCES steps (key) ON DELETE CASCADE,
            path TEXT NOT NULL CHECK (path <> ''),
            tree BLOB NOT NULL CHECK (length(tree) = 32),
            size INTEGER NOT NULL CHECK (size >= 0),
            PRIMARY KEY (key, path)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE versions (
            id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 32),
            model TEXT NOT NULL CHECK (model LIKE '_%/_%'),
            artifact BLOB NOT NULL CHECK (length(artifact) = 32),
            environment BLOB CHECK (length(environment) = 32),
            created INTEGER NOT NULL,
            body TEXT NOT NULL
        ) STRICT;
        CREATE INDEX versions_by_model ON versions (model, created);
        CREATE INDEX versions_by_creation ON versions (created);

        CREATE TABLE assessments (
            id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 32),
            version BLOB NOT NULL REFERENCES versions (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
            model TEXT NOT NULL CHECK (model LIKE '_%/_%'),
            created INTEGER NOT NULL,
            body TEXT NOT NULL
        ) STRICT;
        CREATE INDEX assessments_by_version ON assessments (version, created);

        CREATE TABLE assessment_steps (
            assessment BLOB NOT NULL REFERENCES assessments (id) ON DELETE CASCADE,
            step TEXT NOT NULL CHECK (step <> ''),
            key BLOB NOT NULL CHECK (length(key) = 32),
            PRIMARY KEY (assessment, step)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX assessment_steps_by_key ON assessment_steps (key);

        CREATE TABLE verdicts (
            id INTEGER PRIMARY KEY,
            model TEXT NOT NULL CHECK (model LIKE '_%/_%'),
            deployment TEXT CHECK (deployment LIKE '_%/_%'),
            version BLOB REFERENCES versions (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
            assessment BLOB CHECK (length(assessment) = 32),
            policy TEXT NOT NULL CHECK (policy <> ''),
            policy_digest BLOB NOT NULL CHECK (length(policy_digest) = 32),
            moment TEXT NOT NULL CHECK (moment IN ('plan', 'validate', 'release', 'rollout')),
            outcome TEXT NOT NULL CHECK (outcome IN ('pass', 'fail', 'inconclusive', 'error')),
            evidence_digest BLOB NOT NULL CHECK (length(evidence_digest) = 32),
            overridden INTEGER NOT NULL CHECK (overridden IN (0, 1)),
            recorded INTEGER NOT NULL,
            body TEXT NOT NULL
        ) STRICT;
        CREATE UNIQUE INDEX one_verdict_of_a_key ON verdicts (
            model, ifnull(deployment, ''), ifnull(version, x''), ifnull(assessment, x''), policy, policy_digest,
            moment);
        CREATE INDEX verdicts_by_version ON verdicts (version);
        CREATE INDEX verdicts_by_deployment ON verdicts (deployment, recorded);
        CREATE INDEX verdicts_by_time ON verdicts (recorded);

        CREATE TABLE deployments (
            id TEXT NOT NULL PRIMARY KEY CHECK (id LIKE '_%/_%'),
            target TEXT CHECK (target LIKE '_%/_%'),
            champion BLOB CHECK (length(champion) = 32),
            desired BLOB CHECK (length(desired) = 32),
            deleted INTEGER,
            body TEXT NOT NULL
        ) STRICT;

        CREATE TABLE champions (
            id INTEGER PRIMARY KEY,
            deployment TEXT NOT NULL CHECK (deployment LIKE '_%/_%'),
            version BLOB NOT NULL CHECK (length(version) = 32),
            assessment BLOB NOT NULL CHECK (length(assessment) = 32),
            reference TEXT NOT NULL,
            "commit" TEXT NOT NULL CHECK (length("commit") = 40),
            since INTEGER NOT NULL,
            restored INTEGER NOT NULL CHECK (restored IN (0, 1)),
            ended INTEGER,
            UNIQUE (deployment, since, version)
        ) STRICT;

        CREATE TABLE model_statuses (
            id TEXT NOT NULL PRIMARY KEY CHECK (id LIKE '_%/_%'),
            version BLOB CHECK (length(version) = 32),
            assessment BLOB CHECK (length(assessment) = 32),
            body TEXT NOT NULL
        ) STRICT;

        CREATE TABLE overrides (
            id INTEGER PRIMARY KEY,
            policy TEXT NOT NULL CHECK (policy <> ''),
            deployment TEXT NOT NULL CHECK (deployment LIKE '_%/_%'),
            version BLOB NOT NULL CHECK (length(version) = 32),
            author TEXT NOT NULL CHECK (author <> ''),
            reason TEXT NOT NULL,
            expires INTEGER NOT NULL,
            recorded INTEGER NOT NULL,
            body TEXT NOT NULL,
            UNIQUE (policy, deployment, version, recorded)
        ) STRICT;
        CREATE INDEX overrides_by_deployment ON overrides (deployment, recorded);

        CREATE TABLE events (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            source TEXT,
            kind TEXT CHECK (kind IN ('Model', 'Policy', 'Deployment', 'Target')),
            name TEXT,
            severity TEXT NOT NULL CHECK (severity IN ('Normal', 'Warning')),
            reason TEXT NOT NULL CHECK (reason <> ''),
            message TEXT NOT NULL,
            reference TEXT,
            "commit" TEXT CHECK (length("commit") = 40),
            at INTEGER NOT NULL,
            CHECK ((source IS NULL) = (kind IS NULL) AND (kind IS NULL) = (name IS NULL)),
            CHECK ((reference IS NULL) = ("commit" IS NULL))
        ) STRICT;
        CREATE INDEX events_by_object ON events (source, kind, name, id) WHERE source IS NOT NULL;
        """
}
