/// Everything that a runner needs to execute one attempt at a step.
package struct StepLaunch: Hashable, Sendable, Codable {
    package let run: RunID
    package let key: StepKey
    /// For logs and process titles only; not part of the key.
    package let model: ModelID
    package let step: StepName
    /// The command with every param already in its place.
    package let command: [String]
    package let inputs: [WorkspaceInput]
    /// How many folders above the working directory the inputs reach (`../shared` is 1).
    package let depth: Int
    /// Paths relative to the working directory that the command must leave behind; a directory ends in `/`.
    package let outputs: [String]
    /// A JSON file that the command must leave behind.
    package let metrics: String?
    /// Reports of tools that the command must leave behind, by name.
    package let reports: [String: ReportSpec]?
    package let timeout: Duration
    package let variables: [String: String]
    /// Names of secrets that the controller's configuration holds.
    package let secrets: [String]
    package let environment: ResolvedEnvironment?

    package init(
        run: RunID, key: StepKey, model: ModelID, step: StepName, command: [String], inputs: [WorkspaceInput],
        depth: Int, outputs: [String], metrics: String?, timeout: Duration, variables: [String: String],
        secrets: [String], environment: ResolvedEnvironment?, reports: [String: ReportSpec]? = nil
    ) {
        self.run = run
        self.key = key
        self.model = model
        self.step = step
        self.command = command
        self.inputs = inputs
        self.depth = depth
        self.outputs = outputs
        self.metrics = metrics
        self.reports = reports
        self.timeout = timeout
        self.variables = variables
        self.secrets = secrets
        self.environment = environment
    }
}

/// A path in a step's workspace and where its content comes from.
package struct WorkspaceInput: Hashable, Sendable, Codable {
    package enum Content: Hashable, Sendable, Codable {
        /// A file or folder of a source's mirror.
        case tracked(source: SourceName, entry: TrackedEntry)
        /// A file or folder of the object store.
        case stored(TreeDigest)
        case pinned(Pin)
    }

    /// Relative to the working directory; may start with `../`.
    package let path: String
    package let content: Content

    package init(path: String, content: Content) {
        self.path = path
        self.content = content
    }
}

/// How one attempt ended.
///
/// `failed` means that the command said no, and is a result; `errored` means that nobody can tell, and is retried.
package enum StepOutcome: Hashable, Sendable, Codable {
    case succeeded(StepResult)
    case failed(exitCode: Int32, message: String)
    case errored(StepError)
    case cancelled
}

/// Why an attempt has no result.
package struct StepError: Error, Hashable, Sendable, Codable {
    package enum Code: String, Hashable, Sendable, Codable {
        case signalled, timedOut, diskFull, couldNotStart, environment, input, output, metrics, storage, lost
        /// The program that its command names is not there or is none.
        case program
    }

    package let code: Code
    package let message: String
    /// Whether another attempt may end otherwise.
    ///
    /// An undeclared or missing output, for one, stays missing.
    package let mayRetry: Bool

    package init(_ code: Code, _ message: String, mayRetry: Bool) {
        self.code = code
        self.message = message
        self.mayRetry = mayRetry
    }
}

/// What a step's key stands for.
package struct StepResult: Hashable, Sendable, Codable {
    /// By declared path, as in the launch.
    package let outputs: [String: StoredArtifact]
    /// The metrics file's document; nil when the step declares none.
    package let metrics: JSONValue?
    /// What the reports' files say, by name, as evidence; nil when the step declares none.
    package let reports: [String: JSONValue]?
    package let started: Instant
    package let ended: Instant
    /// Digest of the environment's lock that was used.
    package let environmentLock: Digest?
    /// Who made it, where that was another machine.
    package let origin: StepOrigin?

    package init(
        outputs: [String: StoredArtifact], metrics: JSONValue?, started: Instant, ended: Instant,
        environmentLock: Digest? = nil, origin: StepOrigin? = nil, reports: [String: JSONValue]? = nil
    ) {
        self.outputs = outputs
        self.metrics = metrics
        self.reports = reports
        self.started = started
        self.ended = ended
        self.environmentLock = environmentLock
        self.origin = origin
    }
}

/// Another machine that made a result, as its attestation says.
package struct StepOrigin: Hashable, Sendable, Codable {
    /// As it names itself.
    package let builder: String
    /// The id of the trusted key that signed.
    package let signer: String

    package init(builder: String, signer: String) {
        self.builder = builder
        self.signer = signer
    }
}

/// A file or folder in the object store, with what policies ask about it.
package struct StoredArtifact: Hashable, Sendable, Codable {
    package let tree: TreeDigest
    /// Bytes of all files.
    package let size: Int64
    package let fileCount: Int
    /// Lower-case file name extensions without the dot, sorted, each once.
    package let formats: [String]

    package init(tree: TreeDigest, size: Int64, fileCount: Int, formats: [String]) {
        self.tree = tree
        self.size = size
        self.fileCount = fileCount
        self.formats = formats
    }
}
