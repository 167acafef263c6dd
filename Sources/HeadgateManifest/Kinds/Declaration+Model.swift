import HeadgateCore

extension Declaration {
    static let model: Shape<ModelSpec> = .object(
        "Model spec",
        .optional("pipeline", pipeline, "How versions are made. Leave it out to import an artifact."),
        Field(
            "artifact", input,
            """
            What a version is made of: an output of a step; without a pipeline, a path in the repository or data \
            outside it, pinned by its digest.
            """),
        .optional("serve", serve, "How one version is served. Leave it out to train and judge only."),
        Field("policies", policies, default: [], "Policies that guard this model besides those that select it."),
        Field(
            "supersede",
            .option { (option: ModelSpec.Supersede) in
                switch option {
                case .cancel: "It is cancelled at once."
                case .finish: "It may finish, so that a stream of commits cannot starve a long training."
                }
            }, default: .cancel, "What happens to a step that runs when a newer commit no longer wants it."),
        make: { pipeline, artifact, serve, policies, supersede in
            let pin = if case .pin(let pin) = artifact { pin } else { Pin?.none }
            return ModelSpec(
                pipeline: pipeline, artifact: artifact.path, pin: pin, serve: serve, policies: policies,
                supersede: supersede)
        })

    static let pipeline: Shape<PipelineSpec> = .object(
        "Pipeline",
        Field("environment", environment, default: EnvironmentSpec(), "What the commands need around them."),
        Field(
            "steps", .list(of: step, 1...500, called: "steps"),
            "Commands; which one waits for which follows from their inputs and outputs."),
        make: PipelineSpec.init)

    static let step: Shape<StepSpec> = .object(
        "Step",
        Field("name", .name(), "Unique within the pipeline."),
        Field(
            "command", command,
            "The program and its arguments, without a shell. `$(params.NAME)` is replaced by a param."),
        Field("params", params, default: [:], "Values by name, for the command and for policies; part of the key."),
        Field(
            "inputs", .list(of: input), default: [],
            "What the command reads: paths in the repository, outputs of other steps, pinned data. It sees no more."),
        Field(
            "outputs", .list(of: .outputPath), default: [],
            "What the command writes; a folder ends in `/`. No two steps write the same."),
        .optional("metrics", metrics, "Where the command leaves its metrics."),
        Field(
            "timeout", .duration(atLeast: .seconds(1)), default: StepSpec.defaultTimeout,
            "How long the command may take."),
        Field("variables", variables, default: [:], "Environment variables; part of the key."),
        Field(
            "secrets", .list(of: .identifier), default: [],
            """
            Names of secrets of the controller's configuration, passed as environment variables. The names are part \
            of the key, the values are not.
            """),
        .optional("environment", environment, "What this step needs around it, instead of the pipeline's."),
        Field(
            "reports", .map(of: report(.outputPath), keys: .identifier, .identifier), default: [:],
            """
            Reports of tools that the command leaves behind, by name; policies read them as `candidate.reports.NAME`.
            """),
        make: StepSpec.init)

    static let input: Shape<InputSpec> = .either(Shape<String>.inputPath.map(InputSpec.path), pin)

    private static let pinnedURI: Shape<String> = .text(
        .pinnedURI, hint: "file://, http://, https:// or s3://"
    ) { text in
        ["file://", "http://", "https://", "s3://"].contains { text.hasPrefix($0) && text.utf8.count > $0.utf8.count }
            && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }
    }

    static let pin: Shape<InputSpec> = .object(
        "Pinned data",
        Field("uri", pinnedURI, "Where the data is, on a host that the controller's configuration allows."),
        Field("sha256", .digest, "The digest of the data; it is checked each time."),
        Field("as", .outputPath, "Where the data stands for the command, below the manifest's folder."),
        make: { .pin(Pin(uri: $0, sha256: $1, path: $2)) })

    static let metrics: Shape<MetricsSpec> = .object(
        "Metrics",
        Field("file", .outputPath, "A JSON file, nested or flat."),
        .optional(
            "names",
            .map(of: metricType, keys: metricName, .metricName),
            """
            The metrics that the step promises, with their types. A policy that asks for another one is then in error \
            before anything runs.
            """),
        make: MetricsSpec.init)

    static let metricType: Shape<MetricType> = .option { type in
        switch type {
        case .double: "A number."
        case .int: "A whole number."
        case .string: "Text."
        case .bool: "True or false."
        }
    }

    static let metricName: Shape<String> = .text(.metricName, hint: "dots for nesting, no spaces") { text in
        text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { part in
            !part.isEmpty && part.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }
        }
    }

    static let environment: Shape<EnvironmentSpec> = .object(
        "Environment",
        .optional("python", python, "A Python virtual environment, made once per digest of the requirements file."),
        make: EnvironmentSpec.init)

    static let python: Shape<PythonEnvironment> = .object(
        "Python environment",
        Field("requirements", .inputPath, "A requirements file, as pip reads it."),
        Field("interpreter", .text, default: "python3", "What makes the environment, found in PATH unless absolute."),
        make: PythonEnvironment.init)

    static let serve: Shape<ServeSpec> = .object(
        "Serve",
        Field("inputs", .list(of: .inputPath), default: [], "Paths in the repository that travel with the version."),
        Field(
            "command", command, default: [],
            """
            The program and its arguments, without a shell. `$(port)` and `$(model)` are replaced. A target whose \
            servers run already needs none.
            """),
        Field("ready", ready, default: ReadySpec(), "When a server counts as ready."),
        Field(
            "drain", .duration(), default: ServeSpec.defaultDrain,
            "How long requests in flight may take after the version left."),
        Field("variables", variables, default: [:], "Environment variables; part of the version."),
        .optional("environment", environment, "What the server needs around it, instead of the pipeline's."),
        .optional(
            "warmup", .inputPath,
            """
            A JSON file with one recorded inference request or a list of them. A target of type `openInference` \
            sends them before a version takes traffic, and checks the names and types of the answers' outputs.
            """),
        make: ServeSpec.init)

    private static let urlPath: Shape<String> = .text.checked { text in
        text.hasPrefix("/") ? nil : ("expected a URL path, found \"\(text.clipped(to: 40))\"", "begin with /")
    }

    static let ready: Shape<ReadySpec> = .object(
        "Ready",
        Field(
            "path", urlPath, default: ReadySpec().path, "Answers 200 to GET when the server is ready."),
        Field(
            "within", .duration(atLeast: .seconds(1)), default: ReadySpec().within, "How long a start may take."),
        make: ReadySpec.init)
}
