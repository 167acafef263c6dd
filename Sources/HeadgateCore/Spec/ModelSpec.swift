/// A pipeline (or an import) that makes versions of a model, and how one is served.
package struct ModelSpec: Hashable, Sendable, Codable {
    /// How versions are made; nil for a model whose artifact is imported.
    package var pipeline: PipelineSpec?
    /// The artifact's path: an output of a step, or, without a pipeline, a tracked path or a pinned input.
    package var artifact: String
    /// Where an artifact without a pipeline comes from, when it is not tracked by Git.
    package var pin: Pin?
    /// How one version is served; nil for a model that is only trained and judged.
    package var serve: ServeSpec?
    /// Policies that this model names besides those that select it.
    package var policies: [PolicyName]
    /// What happens to a step that runs when a newer desired state no longer wants it.
    package var supersede: Supersede

    package enum Supersede: String, Hashable, Sendable, Codable, CaseIterable {
        /// The step is cancelled at once.
        case cancel
        /// The step may finish, so that a stream of commits cannot starve a long training.
        case finish
    }

    package init(
        pipeline: PipelineSpec?, artifact: String, pin: Pin? = nil, serve: ServeSpec? = nil,
        policies: [PolicyName] = [], supersede: Supersede = .cancel
    ) {
        self.pipeline = pipeline
        self.artifact = artifact
        self.pin = pin
        self.serve = serve
        self.policies = policies
        self.supersede = supersede
    }
}

/// Steps that form a graph by their inputs and outputs.
package struct PipelineSpec: Hashable, Sendable, Codable {
    package var environment: EnvironmentSpec
    package var steps: [StepSpec]

    package init(environment: EnvironmentSpec = EnvironmentSpec(), steps: [StepSpec]) {
        self.environment = environment
        self.steps = steps
    }
}

/// What a command needs around it.
package struct EnvironmentSpec: Hashable, Sendable, Codable {
    /// A Python virtual environment, made once per digest of the requirements file.
    package var python: PythonEnvironment?

    package init(python: PythonEnvironment? = nil) { self.python = python }
}

/// A virtual environment made from a requirements file, relative to the manifest's folder.
package struct PythonEnvironment: Hashable, Sendable, Codable {
    package var requirements: String
    /// The interpreter that makes it, found in PATH unless absolute.
    package var interpreter: String

    package init(requirements: String, interpreter: String = "python3") {
        self.requirements = requirements
        self.interpreter = interpreter
    }
}

/// One command of a pipeline, with declared inputs, params and outputs.
package struct StepSpec: Hashable, Sendable, Codable {
    package var name: StepName
    /// The program and its arguments; no shell.
    ///
    /// `$(params.NAME)` is replaced.
    package var command: [String]
    package var params: [String: JSONValue]
    package var inputs: [InputSpec]
    /// Paths that the command writes, relative to the manifest's folder; a directory ends in `/`.
    package var outputs: [String]
    package var metrics: MetricsSpec?
    /// Reports of tools that the command leaves behind, by name; policies read them as `candidate.reports.NAME`.
    package var reports: [String: ReportSpec] {
        get { declaredReports ?? [:] }
        set { declaredReports = newValue.isEmpty ? nil : newValue }
    }
    // Ledgers from before there were reports have none.
    private var declaredReports: [String: ReportSpec]?
    package var timeout: Duration
    /// Plain environment variables; part of the key.
    package var variables: [String: String]
    /// Names of secrets that the controller passes as environment variables; their names are part of the key.
    package var secrets: [String]
    /// Environment of this step, where it is not the pipeline's.
    package var environment: EnvironmentSpec?

    package static let defaultTimeout = Duration.seconds(3600)

    package init(
        name: StepName, command: [String], params: [String: JSONValue] = [:], inputs: [InputSpec] = [],
        outputs: [String] = [], metrics: MetricsSpec? = nil, timeout: Duration = StepSpec.defaultTimeout,
        variables: [String: String] = [:], secrets: [String] = [], environment: EnvironmentSpec? = nil,
        reports: [String: ReportSpec] = [:]
    ) {
        self.name = name
        self.command = command
        declaredReports = reports.isEmpty ? nil : reports
        self.params = params
        self.inputs = inputs
        self.outputs = outputs
        self.metrics = metrics
        self.timeout = timeout
        self.variables = variables
        self.secrets = secrets
        self.environment = environment
    }
}

/// What a step reads: a tracked path, another step's output, or data outside Git that is pinned in Git.
package enum InputSpec: Hashable, Sendable, Codable {
    /// A path relative to the manifest's folder.
    case path(String)
    case pin(Pin)

    /// Where the input stands in the workspace, relative to the manifest's folder.
    package var path: String {
        switch self {
        case .path(let path): path
        case .pin(let pin): pin.path
        }
    }
}

/// Data outside Git, named by its digest.
package struct Pin: Hashable, Sendable, Codable {
    /// `file:`, `http:`, `https:` or `s3:`, of a host or bucket that the controller's configuration allows.
    package var uri: String
    package var sha256: Digest
    /// Where it stands in the workspace, relative to the manifest's folder.
    package var path: String

    package init(uri: String, sha256: Digest, path: String) {
        self.uri = uri
        self.sha256 = sha256
        self.path = path
    }
}

/// Where a step leaves its metrics and, optionally, which ones it promises.
package struct MetricsSpec: Hashable, Sendable, Codable {
    /// A JSON file, nested or flat, relative to the manifest's folder.
    package var file: String
    /// Declared names, dots for nesting; nil when the step declares none.
    package var names: [String: MetricType]?

    package init(file: String, names: [String: MetricType]? = nil) {
        self.file = file
        self.names = names
    }
}

/// The type of a declared metric.
package enum MetricType: String, Hashable, Sendable, Codable, CaseIterable {
    case double, int, string, bool
}

/// How one version of a model is served as a process.
package struct ServeSpec: Hashable, Sendable, Codable {
    /// Tracked paths that travel with the version, relative to the manifest's folder.
    package var inputs: [String]
    /// The program and its arguments; `$(port)` and `$(model)` are replaced.
    ///
    /// Empty where servers that run already load the version.
    package var command: [String]
    package var ready: ReadySpec
    /// How long requests in flight may take after the version left.
    package var drain: Duration
    package var variables: [String: String]
    /// The environment; the pipeline's when nil.
    package var environment: EnvironmentSpec?
    /// A tracked file with recorded requests that a version must answer before it takes traffic.
    package var warmup: String?

    package static let defaultDrain = Duration.seconds(30)

    /// Tracked paths that travel with the version, the recorded requests among them.
    package var files: [String] { inputs + (warmup.map { inputs.contains($0) ? [] : [$0] } ?? []) }

    package init(
        inputs: [String] = [], command: [String] = [], ready: ReadySpec = ReadySpec(),
        drain: Duration = ServeSpec.defaultDrain, variables: [String: String] = [:],
        environment: EnvironmentSpec? = nil, warmup: String? = nil
    ) {
        self.inputs = inputs
        self.command = command
        self.ready = ready
        self.drain = drain
        self.variables = variables
        self.environment = environment
        self.warmup = warmup
    }
}

/// When a model server counts as ready.
package struct ReadySpec: Hashable, Sendable, Codable {
    /// Answers 200 to GET when ready.
    package var path: String
    /// How long a start may take.
    package var within: Duration

    package init(path: String = "/v2/health/ready", within: Duration = .seconds(60)) {
        self.path = path
        self.within = within
    }
}

extension Sequence<StepSpec> {
    /// The metrics that steps say they report, by name; nil when one reports some and does not name them.
    package var declaredMetrics: [String: MetricType]? {
        var declared: [String: MetricType] = [:]
        for metrics in compactMap(\.metrics) {
            guard let names = metrics.names else { return nil }
            declared.merge(names) { first, _ in first }
        }
        return declared
    }
}
