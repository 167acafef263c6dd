package import HeadgateCore

/// How a Model's pipeline stands.
package struct ModelResource: Codable, Sendable, Hashable {
    package var name: String
    package var source: String
    package var labels: [String: String]
    package var revision: String?
    package var version: String?
    package var metrics: JSONValue?
    package var file: String
    package var conditions: [Condition]
    package var policies: [String]
    package var steps: [StepResource]
    /// What the policies at `plan` said last.
    package var verdicts: [RecordedVerdict]

    package init(
        name: String, source: String, labels: [String: String], revision: String?, version: String?,
        metrics: JSONValue?, file: String, conditions: [Condition], policies: [String], steps: [StepResource],
        verdicts: [RecordedVerdict]
    ) {
        self.name = name
        self.source = source
        self.labels = labels
        self.revision = revision
        self.version = version
        self.metrics = metrics
        self.file = file
        self.conditions = conditions
        self.policies = policies
        self.steps = steps
        self.verdicts = verdicts
    }
}

/// One step of a Model's pipeline at the revision in force.
package struct StepResource: Codable, Sendable, Hashable {
    package var name: String
    package var key: String?
    /// pending, running, succeeded, failed, errored, cancelled.
    package var state: String
    package var run: String?

    package init(name: String, key: String?, state: String, run: String?) {
        self.name = name
        self.key = key
        self.state = state
        self.run = run
    }
}

/// A version with its latest assessment.
package struct VersionResource: Codable, Sendable, Hashable {
    package var version: String
    package var model: String
    package var revision: String
    package var created: Instant
    package var artifact: StoredArtifact
    package var metrics: JSONValue
    package var params: JSONValue
    /// Deployments on which it serves as champion.
    package var serving: [String]

    package init(
        version: String, model: String, revision: String, created: Instant, artifact: StoredArtifact,
        metrics: JSONValue, params: JSONValue, serving: [String]
    ) {
        self.version = version
        self.model = model
        self.revision = revision
        self.created = created
        self.artifact = artifact
        self.metrics = metrics
        self.params = params
        self.serving = serving
    }
}

/// How a Deployment stands.
package struct DeploymentResource: Codable, Sendable, Hashable {
    package var name: String
    package var source: String
    package var model: String
    package var target: String
    package var strategy: String
    package var revision: String?
    /// The champion.
    package var version: String?
    /// What HEAD asks for, once it is known.
    package var desired: String?
    package var address: String?
    package var replicas: Int
    package var versions: [ServedResource]
    package var rollout: RolloutResource?
    package var holds: [Hold]
    package var conditions: [Condition]
    /// Of the champion and of what HEAD asks for, after those at `plan` on its Model.
    package var verdicts: [RecordedVerdict]
    package var file: String

    package init(
        name: String, source: String, model: String, target: String, strategy: String, revision: String?,
        version: String?, desired: String?, address: String?, replicas: Int, versions: [ServedResource],
        rollout: RolloutResource?, holds: [Hold], conditions: [Condition], verdicts: [RecordedVerdict], file: String
    ) {
        self.name = name
        self.source = source
        self.model = model
        self.target = target
        self.strategy = strategy
        self.revision = revision
        self.version = version
        self.desired = desired
        self.address = address
        self.replicas = replicas
        self.versions = versions
        self.rollout = rollout
        self.holds = holds
        self.conditions = conditions
        self.verdicts = verdicts
        self.file = file
    }
}

/// One version on the target.
package struct ServedResource: Codable, Sendable, Hashable {
    package var version: String
    /// champion, candidate, warm, draining or unknown.
    package var role: String
    package var weight: Int
    package var phase: String
    package var ready: Int
    package var replicas: Int
    package var restarts: Int
    package var requests: UInt64
    package var errors: UInt64
    /// Seconds; nil without requests.
    package var p50: Double?
    package var p99: Double?
    package var preview: String?

    package init(
        version: String, role: String, weight: Int, phase: String, ready: Int, replicas: Int, restarts: Int,
        requests: UInt64, errors: UInt64, p50: Double?, p99: Double?, preview: String?
    ) {
        self.version = version
        self.role = role
        self.weight = weight
        self.phase = phase
        self.ready = ready
        self.replicas = replicas
        self.restarts = restarts
        self.requests = requests
        self.errors = errors
        self.p50 = p50
        self.p99 = p99
        self.preview = preview
    }
}

/// One attempt at a step.
package struct RunResource: Codable, Sendable, Hashable {
    package var run: String
    package var model: String
    package var source: String
    package var step: String
    package var key: String
    package var attempt: Int
    package var state: String
    package var message: String?
    package var started: Instant
    package var ended: Instant?

    package init(_ run: Run) {
        self.run = run.id.text
        model = run.launch.model.name.text
        source = run.launch.model.source.text
        step = run.launch.step.text
        key = run.key.description
        attempt = run.attempt
        started = run.started
        ended = run.ended
        switch run.state {
        case .running: (state, message) = ("running", nil)
        case .cancelling: (state, message) = ("cancelling", nil)
        case .succeeded: (state, message) = ("succeeded", nil)
        case .failed(let code, let text): (state, message) = ("failed", "exited with \(code)".ending(inOutput: text))
        case .errored(let error): (state, message) = ("errored", error.message)
        case .cancelled: (state, message) = ("cancelled", nil)
        }
    }
}

/// A serving system, and how many Deployments are on it.
package struct TargetResource: Codable, Sendable, Hashable {
    package var name: String
    package var source: String
    package var type: String
    package var deployments: Int
    package var file: String
    /// URLs of the running servers of an `openInference` target; nil for others.
    package var servers: [String]?
    /// Their model repository, a folder on the controller's machine.
    package var repository: String?

    package init(
        name: String, source: String, type: String, deployments: Int, file: String, servers: [String]? = nil,
        repository: String? = nil
    ) {
        self.name = name
        self.source = source
        self.type = type
        self.deployments = deployments
        self.file = file
        self.servers = servers
        self.repository = repository
    }
}

/// A policy in force, and the gates at which it is asked.
package struct PolicyResource: Codable, Sendable, Hashable {
    package var name: String
    package var source: String
    package var digest: String
    package var at: [String]
    package var action: String
    package var rules: [String]
    /// Deployments that it guards.
    package var guards: [String]
    package var problem: String?
    package var file: String

    package init(
        name: String, source: String, digest: String, at: [String], action: String, rules: [String],
        guards: [String], problem: String?, file: String
    ) {
        self.name = name
        self.source = source
        self.digest = digest
        self.at = at
        self.action = action
        self.rules = rules
        self.guards = guards
        self.problem = problem
        self.file = file
    }
}

/// A watched repository.
package struct SourceResource: Codable, Sendable, Hashable {
    package var name: String
    package var url: String
    package var revision: String?
    package var subject: String?
    package var problem: String?
    package var diagnostics: [Diagnostic]
    package var unconfirmed: [String]

    package init(
        name: String, url: String, revision: String?, subject: String?, problem: String?, diagnostics: [Diagnostic],
        unconfirmed: [String]
    ) {
        self.name = name
        self.url = url
        self.revision = revision
        self.subject = subject
        self.problem = problem
        self.diagnostics = diagnostics
        self.unconfirmed = unconfirmed
    }
}

/// A recorded event with its place in the ledger.
package struct EventResource: Codable, Sendable, Hashable {
    package var id: Int64
    package var event: LoggedEvent
    package init(id: Int64, event: LoggedEvent) {
        self.id = id
        self.event = event
    }
}

/// From a served model back to everything that made it.
package struct TraceResource: Codable, Sendable, Hashable {
    package var deployment: String
    package var version: VersionResource
    package var assessment: Assessment
    package var champion: Champion
    package var runs: [RunResource]
    package var verdicts: [RecordedVerdict]

    package init(
        deployment: String, version: VersionResource, assessment: Assessment, champion: Champion,
        runs: [RunResource], verdicts: [RecordedVerdict]
    ) {
        self.deployment = deployment
        self.version = version
        self.assessment = assessment
        self.champion = champion
        self.runs = runs
        self.verdicts = verdicts
    }
}

/// A verdict, with where the evidence comes from that it read.
package struct VerdictResource: Codable, Sendable, Hashable {
    package var id: String
    package var recorded: RecordedVerdict
    /// By path of evidence, such as `candidate.metrics.accuracy`.
    package var origins: [String: String]

    package init(id: String, recorded: RecordedVerdict, origins: [String: String]) {
        self.id = id
        self.recorded = recorded
        self.origins = origins
    }
}

/// What the controller says of itself.
package struct StatusResource: Codable, Sendable, Hashable {
    package var version: String
    package var pid: Int32
    package var started: Instant
    package var state: String
    package var problem: String?
    package var sources: [SourceResource]

    package init(
        version: String, pid: Int32, started: Instant, state: String, problem: String?, sources: [SourceResource]
    ) {
        self.version = version
        self.pid = pid
        self.started = started
        self.state = state
        self.problem = problem
        self.sources = sources
    }
}
