/// The whole desired state of one Deployment on a target.
///
/// All strategies are sequences of these, so a target knows nothing of canaries.
package struct ServingState: Hashable, Sendable, Codable {
    package var deployment: DeploymentID
    /// Every version that shall exist on the target, whether it has traffic or not, in order of `VersionID`.
    package var versions: [ServedVersion]
    /// Share of requests by version; the values add up to 100, or it is empty when nothing takes traffic.
    package var weights: [VersionID: Int]
    /// The version that answers where no route says otherwise and that a failed candidate's request is replayed to.
    package var stable: VersionID?
    package var mirror: Mirror?
    package var routes: [HeaderRoute]

    package struct Mirror: Hashable, Sendable, Codable {
        package var version: VersionID
        package var percent: Int
        package var compare: AnswerComparison
        package init(version: VersionID, percent: Int, compare: AnswerComparison) {
            self.version = version
            self.percent = percent
            self.compare = compare
        }
    }

    package struct HeaderRoute: Hashable, Sendable, Codable {
        package var match: RouteMatch
        package var version: VersionID
        package init(match: RouteMatch, version: VersionID) {
            self.match = match
            self.version = version
        }
    }

    package init(
        deployment: DeploymentID, versions: [ServedVersion] = [], weights: [VersionID: Int] = [:],
        stable: VersionID? = nil, mirror: Mirror? = nil, routes: [HeaderRoute] = []
    ) {
        self.deployment = deployment
        self.versions = versions.sorted { $0.version < $1.version }
        self.weights = weights
        self.stable = stable
        self.mirror = mirror
        self.routes = routes
    }

    /// The share of one version; 0 when it has none.
    package func weight(of version: VersionID) -> Int { weights[version] ?? 0 }
}

/// One version as a target shall run it.
package struct ServedVersion: Hashable, Sendable, Codable {
    package var version: VersionID
    package var replicas: Int
    package var bundle: ServingBundle
    /// Whether the version has its own preview address, `<prefix>@<version>`.
    package var preview: Bool

    package init(version: VersionID, replicas: Int, bundle: ServingBundle, preview: Bool = false) {
        self.version = version
        self.replicas = replicas
        self.bundle = bundle
        self.preview = preview
    }
}

/// Everything that a version needs to run: the content of its digest, which is what makes it immutable.
package struct ServingBundle: Hashable, Sendable, Codable {
    /// The artifact in the object store.
    package var artifact: TreeDigest
    /// Where the artifact stands below the bundle's folder; `$(model)` is its path.
    package var artifactPath: String
    /// Tracked files that travel with the version, relative to the manifest's folder.
    package var inputs: [BundleInput]
    /// How a server process is started; nil for targets that load artifacts by themselves.
    package var serve: ServeSpec?
    package var environment: ResolvedEnvironment?
    /// The source whose mirror holds the tracked inputs.
    package var source: SourceName

    package init(
        artifact: TreeDigest, artifactPath: String, inputs: [BundleInput], serve: ServeSpec?,
        environment: ResolvedEnvironment?, source: SourceName
    ) {
        self.artifact = artifact
        self.artifactPath = artifactPath
        self.inputs = inputs
        self.serve = serve
        self.environment = environment
        self.source = source
    }
}

/// A tracked file or folder that travels with a version, and where it lies beside the command.
package struct BundleInput: Hashable, Sendable, Codable {
    package var path: String
    package var entry: TrackedEntry

    package init(path: String, entry: TrackedEntry) {
        self.path = path
        self.entry = entry
    }
}

/// An environment by what determines it.
package struct ResolvedEnvironment: Hashable, Sendable, Codable {
    package var digest: EnvironmentDigest
    package var python: Python?

    package struct Python: Hashable, Sendable, Codable {
        package var interpreter: String
        /// The requirements file's blob in the source's mirror.
        package var requirements: TrackedEntry
        package var source: SourceName
        package init(interpreter: String, requirements: TrackedEntry, source: SourceName) {
            self.interpreter = interpreter
            self.requirements = requirements
            self.source = source
        }
    }

    package init(digest: EnvironmentDigest, python: Python?) {
        self.digest = digest
        self.python = python
    }
}
