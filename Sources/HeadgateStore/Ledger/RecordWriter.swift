import GRDB
import HeadgateCore

/// Writes the records of one transaction.
final class RecordWriter {
    private let db: Database
    private let limits: SQLiteLedger.Limits
    private let encoder = RecordEncoder()
    private var noted: Set<ObjectID> = []
    private var hasEvents = false

    init(db: Database, limits: SQLiteLedger.Limits) {
        self.db = db
        self.limits = limits
    }

    func write(_ record: LedgerRecord) throws {
        switch record {
        case .source(let source): try write(source)
        case .object(let object): try write(object)
        case .objectRemoved(let id):
            try execute(
                "DELETE FROM objects WHERE source = ? AND kind = ? AND name = ?",
                [id.source.text, id.kind.rawValue, id.name])
        case .run(let run): try write(run)
        case .step(let step): try write(step)
        case .stepForgotten(let key):
            // What succeeded is never run again, so only refusals can be forgotten (I2).
            try execute("DELETE FROM steps WHERE key = ? AND outcome <> 'succeeded'", [key.digest.data])
        case .version(let version): try write(version)
        case .assessment(let assessment): try write(assessment)
        case .verdict(let verdict): try write(verdict)
        case .deployment(let deployment): try write(deployment)
        case .deploymentRemoved(let id): try remove(id)
        case .modelStatus(let status):
            try execute(
                """
                INSERT INTO model_statuses (id, version, assessment, body) VALUES (?, ?, ?, ?)
                ON CONFLICT (id) DO UPDATE SET version = excluded.version, assessment = excluded.assessment,
                    body = excluded.body
                """,
                [
                    status.id.description, status.version?.digest.data, status.assessment?.digest.data,
                    try encoder.encode(status),
                ])
        case .override(let permission): try write(permission)
        case .event(let event): try write(event)
        }
    }

    /// Keeps what grows within its limits; call it after the last record.
    func finish() throws {
        guard hasEvents else { return }
        try execute("DELETE FROM events WHERE id <= (SELECT max(id) FROM events) - ?", [limits.events])
        for object in noted.sorted() {
            let name: StatementArguments = [object.source.text, object.kind.rawValue, object.name]
            try execute(
                """
                DELETE FROM events WHERE source = ? AND kind = ? AND name = ? AND id <= (
                    SELECT id FROM events WHERE source = ? AND kind = ? AND name = ?
                    ORDER BY id DESC LIMIT 1 OFFSET ?)
                """, name + name + [limits.eventsPerObject])
        }
    }

    private func execute(_ sql: String, _ arguments: StatementArguments) throws {
        let statement = try db.cachedStatement(sql: sql)
        try statement.execute(arguments: arguments)
    }

    // MARK: Records

    private func write(_ source: SourceRecord) throws {
        try execute(
            """
            INSERT INTO sources (name, "commit", problem, body) VALUES (?, ?, ?, ?)
            ON CONFLICT (name) DO UPDATE SET "commit" = excluded."commit", problem = excluded.problem,
                body = excluded.body
            """, [source.name.text, source.revision?.commit.hex, source.problem, try encoder.encode(source)])
    }

    private func write(_ object: StoredObject) throws {
        try execute(
            """
            INSERT INTO objects (source, kind, name, body) VALUES (?, ?, ?, ?)
            ON CONFLICT (source, kind, name) DO UPDATE SET body = excluded.body
            """,
            [object.id.source.text, object.id.kind.rawValue, object.id.name, try encoder.encode(object)])
    }

    private func write(_ run: Run) throws {
        try execute(
            """
            INSERT INTO runs (id, key, model, step, attempt, state, environment, started, ended, retry_at, body)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET key = excluded.key, model = excluded.model, step = excluded.step,
                attempt = excluded.attempt, state = excluded.state, environment = excluded.environment,
                started = excluded.started, ended = excluded.ended, retry_at = excluded.retry_at, body = excluded.body
            """,
            [
                run.id.text, run.key.digest.data, run.launch.model.description, run.launch.step.text, run.attempt,
                run.state.word, run.launch.environment?.digest.digest.data, run.started.milliseconds,
                run.ended?.milliseconds, run.retryAt?.milliseconds, try encoder.encode(run),
            ])
    }

    private func write(_ step: StepRecord) throws {
        try execute(
            """
            INSERT INTO steps (key, run, outcome, recorded, environment_lock, body) VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT (key) DO NOTHING
            """,
            [
                step.key.digest.data, step.run.text, step.outcome.word, step.recorded.milliseconds,
                step.result?.environmentLock?.data, try encoder.encode(step),
            ])
        guard db.changesCount > 0, let outputs = step.result?.outputs else { return }
        for (path, artifact) in outputs.sorted(by: { $0.key < $1.key }) {
            try execute(
                "INSERT INTO step_outputs (key, path, tree, size) VALUES (?, ?, ?, ?)",
                [step.key.digest.data, path, artifact.tree.digest.data, artifact.size])
        }
    }

    private func write(_ version: VersionRecord) throws {
        try execute(
            """
            INSERT INTO versions (id, model, artifact, environment, created, body) VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET model = excluded.model, artifact = excluded.artifact,
                environment = excluded.environment, created = excluded.created, body = excluded.body
            """,
            [
                version.id.digest.data, version.model.description, version.bundle.artifact.digest.data,
                version.bundle.environment?.digest.digest.data, version.created.milliseconds,
                try encoder.encode(version),
            ])
    }

    private func write(_ assessment: Assessment) throws {
        try execute(
            """
            INSERT INTO assessments (id, version, model, created, body) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET version = excluded.version, model = excluded.model,
                created = excluded.created, body = excluded.body
            """,
            [
                assessment.id.digest.data, assessment.version.digest.data, assessment.model.description,
                assessment.created.milliseconds, try encoder.encode(assessment),
            ])
        for step in assessment.steps {
            try execute(
                """
                INSERT INTO assessment_steps (assessment, step, key) VALUES (?, ?, ?)
                ON CONFLICT (assessment, step) DO UPDATE SET key = excluded.key
                """, [assessment.id.digest.data, step.name.text, step.key.digest.data])
        }
    }

    private func write(_ recorded: RecordedVerdict) throws {
        let verdict = recorded.verdict
        try execute(
            """
            INSERT INTO verdicts (model, deployment, version, assessment, policy, policy_digest, moment, outcome,
                evidence_digest, overridden, recorded, body)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (model, ifnull(deployment, ''), ifnull(version, x''), ifnull(assessment, x''), policy,
                policy_digest, moment)
            DO UPDATE SET outcome = excluded.outcome, evidence_digest = excluded.evidence_digest,
                overridden = excluded.overridden, recorded = excluded.recorded, body = excluded.body
            WHERE outcome <> excluded.outcome OR evidence_digest <> excluded.evidence_digest
                OR overridden <> excluded.overridden
            """,
            [
                recorded.model.description, recorded.deployment?.description, recorded.version?.digest.data,
                recorded.assessment?.digest.data, verdict.policy.text, verdict.policyDigest.digest.data,
                verdict.moment.rawValue, verdict.outcome.rawValue, verdict.evidenceDigest.digest.data,
                recorded.overridden, recorded.recorded.milliseconds, try encoder.encode(recorded),
            ])
    }

    private func write(_ deployment: DeploymentRecord) throws {
        try execute(
            """
            INSERT INTO deployments (id, target, champion, desired, deleted, body) VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET target = excluded.target, champion = excluded.champion,
                desired = excluded.desired, deleted = excluded.deleted, body = excluded.body
            """,
            [
                deployment.id.description, deployment.target?.id.description,
                deployment.champion?.version.digest.data, deployment.desired?.digest.data,
                deployment.deleted?.milliseconds, try encoder.encode(deployment),
            ])
        // Newest first, up to the first that is known: then all before it are known, too.
        for champion in ([deployment.champion] + deployment.history.reversed()).compactMap({ $0 }) {
            guard try write(champion, of: deployment.id) || champion == deployment.champion else { break }
        }
    }

    private func write(_ champion: Champion, of deployment: DeploymentID) throws -> Bool {
        try execute(
            """
            INSERT INTO champions (deployment, version, assessment, reference, "commit", since, restored)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (deployment, since, version) DO NOTHING
            """,
            [
                deployment.description, champion.version.digest.data, champion.assessment.digest.data,
                champion.revision.reference, champion.revision.commit.hex, champion.since.milliseconds,
                champion.restored,
            ])
        return db.changesCount > 0
    }

    private func remove(_ deployment: DeploymentID) throws {
        // What it served stays within retention, so that bringing it back needs no run (I3).
        try execute(
            """
            UPDATE champions SET ended = max(since, ifnull(
                (SELECT deleted FROM deployments WHERE id = champions.deployment), since))
            WHERE deployment = ? AND ended IS NULL
            """, [deployment.description])
        try execute("DELETE FROM deployments WHERE id = ?", [deployment.description])
    }

    private func write(_ permission: Override) throws {
        try execute(
            """
            INSERT INTO overrides (policy, deployment, version, author, reason, expires, recorded, body)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (policy, deployment, version, recorded) DO NOTHING
            """,
            [
                permission.policy.text, permission.deployment.description, permission.version.digest.data,
                permission.author, permission.reason, permission.expires.milliseconds,
                permission.recorded.milliseconds, try encoder.encode(permission),
            ])
    }

    private func write(_ event: LoggedEvent) throws {
        try execute(
            """
            INSERT INTO events (source, kind, name, severity, reason, message, reference, "commit", at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                event.object?.source.text, event.object?.kind.rawValue, event.object?.name, event.severity.rawValue,
                event.reason, event.message, event.revision?.reference, event.revision?.commit.hex,
                event.at.milliseconds,
            ])
        hasEvents = true
        if let object = event.object { noted.insert(object) }
    }
}
