package import HeadgateCore

/// How the `local` target runs routers and model servers.
package struct LocalTargetConfiguration: Sendable {
    /// Starts a router in the foreground: address, port, state folder.
    package typealias RouterCommand = @Sendable (_ address: String, _ port: Int, _ folder: String) -> [String]

    /// State folder, program, `PATH`, log bounds and resource limits, as for steps.
    package var runner: RunnerConfiguration
    /// The router's port where a Target names none; 0 for any.
    package var defaultPort: Int
    package var routerCommand: RouterCommand
    /// Where the router serves a Deployment: starts with `/` and does not end with it.
    package var prefix: @Sendable (DeploymentID) -> String

    package init(
        runner: RunnerConfiguration, defaultPort: Int = 0, routerCommand: RouterCommand? = nil,
        prefix: @escaping @Sendable (DeploymentID) -> String = { "/\($0.name)" }
    ) {
        let executable = runner.executable
        self.runner = runner
        self.defaultPort = defaultPort
        self.routerCommand =
            routerCommand ?? { address, port, folder in
                [executable, "internal", "router", "--address", address, "--port", "\(port)", "--state", folder]
            }
        self.prefix = prefix
    }
}
