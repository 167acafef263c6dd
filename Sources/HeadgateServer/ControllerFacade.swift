package import HeadgateAPI
package import HeadgateCore

/// What the server asks of the controller; one place for every route, so that one authorisation stands before all.
package protocol ControllerFacade: Sendable {
    func status() async -> StatusResource
    func models() async -> [ModelResource]
    func versions(of model: String?) async -> [VersionResource]
    func deployments() async -> [DeploymentResource]
    func targets() async -> [TargetResource]
    func policies() async -> [PolicyResource]
    func runs(of model: String?, limit: Int) async throws -> [RunResource]
    func events(after id: Int64?, object: String?, limit: Int) async throws -> [EventResource]
    func history(of deployment: String) async throws -> [Champion]
    func trace(_ deployment: String) async throws -> TraceResource
    /// The newest verdict that a name means: the beginning of its id, or DEPLOYMENT/POLICY.
    func verdict(_ name: String) async throws -> VerdictResource
    /// The log's bytes from an offset, and whether the run has ended.
    func log(of run: String, from offset: Int) async throws -> LogChunk
    /// A part of the log of a Deployment's server.
    ///
    /// - Throws: ``APIProblem`` with `.refused` when its target has none, which says where it is to be found.
    func serverLog(_ deployment: String, _ request: ServerLogRequest) async throws -> ServerLogResource
    /// Carries out a command as far as can be done at once.
    ///
    /// - Throws: ``APIProblem`` with `.refused` when the object is not in a state for it.
    func obey(_ command: Command) async throws -> CommandAnswer
    /// Takes a Deployment back by a commit that is pushed to its source's branch.
    ///
    /// - Throws: ``APIProblem`` with `.refused` when there is no such commit or the remote does not take it.
    func revert(_ request: RevertRequest) async throws -> CommandAnswer
    /// Begins work on the state folder.
    ///
    /// - Throws: ``APIProblem`` with `.refused` while other work goes on.
    func maintain(_ request: MaintenanceRequest) async throws -> MaintenanceStatus
    /// How work on the state folder stands: the last that was asked for, or that of a number; nil where there is none.
    func maintenance(_ number: Int?) async -> MaintenanceStatus?
    /// Asks a source to look at its remote now.
    func reconcile(source: String) async throws
    /// Checks a webhook's signature over its body and nudges the source; false for one that is unknown or unsigned.
    func webhook(_ name: String, headers: [String: String], body: [UInt8]) async -> Bool
    func metrics() async -> String
    /// Whether the controller has taken a snapshot of every source, or knows why it cannot.
    func isReady() async -> Bool
}

/// A part of a run's log.
package struct LogChunk: Codable, Sendable, Hashable {
    package var text: String
    package var next: Int
    package var ended: Bool

    package init(text: String, next: Int, ended: Bool) {
        self.text = text
        self.next = next
        self.ended = ended
    }
}
