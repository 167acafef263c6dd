/// How steps are run on this machine.
package struct RunnerConfiguration: Sendable {
    /// The state folder; runs, environments and pins stand below it.
    package var state: String
    /// The `headgate` program, which runs shims.
    package var executable: String
    /// `PATH` of steps and model servers; a virtual environment's programs come before it.
    package var searchPath: String
    /// Steps that run side by side.
    package var maxConcurrent: Int
    package var log: ShimSpec.LogLimits
    package var limits: ShimSpec.ResourceLimits
    /// From SIGTERM to SIGKILL.
    package var grace: Duration
    /// Bytes that a metrics file may have.
    package var metricsLimit: Int
    package var pins: PinPolicy
    /// Variables that the making of environments sees, such as `HOME`, `PIP_INDEX_URL` and proxies.
    package var installerVariables: [String: String]
    package var installerTimeout: Duration
    /// Says to people where a secret that is missing is to be given, by its name.
    package var secretAdvice: @Sendable (String) -> String = { "it belongs under secrets.\($0) of the configuration" }

    package init(
        state: String, executable: String, searchPath: String, maxConcurrent: Int = 2,
        log: ShimSpec.LogLimits = ShimSpec.LogLimits(),
        limits: ShimSpec.ResourceLimits = ShimSpec.ResourceLimits(), grace: Duration = .seconds(10),
        metricsLimit: Int = 1 << 20, pins: PinPolicy = PinPolicy(), installerVariables: [String: String] = [:],
        installerTimeout: Duration = .seconds(1800)
    ) {
        self.state = state
        self.executable = executable
        self.searchPath = searchPath
        self.maxConcurrent = maxConcurrent
        self.log = log
        self.limits = limits
        self.grace = grace
        self.metricsLimit = metricsLimit
        self.pins = pins
        self.installerVariables = installerVariables
        self.installerTimeout = installerTimeout
    }

    /// Those of a process's variables that installers need and that reach no step.
    package static func installerVariables(of variables: [String: String]) -> [String: String] {
        let names: Set = [
            "HOME", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "http_proxy",
            "https_proxy", "no_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY",
        ]
        return variables.filter { names.contains($0.key) || $0.key.utf8.starts(with: "PIP_".utf8) }
    }
}

/// From where data outside Git may come.
package struct PinPolicy: Sendable {
    /// Hosts of `http:` and `https:`, as `name` or `name:port`, and buckets as `s3://name`.
    package var hosts: Set<String>
    /// Folders of `file:`.
    package var folders: [String]
    /// Bytes that one file may have.
    package var sizeLimit: Int64
    package var timeout: Duration
    /// Variables that say where S3 is and who asks.
    package var s3: [String: String]

    package init(
        hosts: Set<String> = [], folders: [String] = [], sizeLimit: Int64 = 64 << 30,
        timeout: Duration = .seconds(3600), s3: [String: String] = [:]
    ) {
        self.hosts = hosts
        self.folders = folders
        self.sizeLimit = sizeLimit
        self.timeout = timeout
        self.s3 = s3.filter { $0.key.utf8.starts(with: "AWS_".utf8) }
    }
}
