package import HeadgateCore
import Logging

/// Running servers that speak the Open Inference Protocol with its model repository extension, behind a router of ours.
///
/// Servers know no weights, so each holds every version that the state names, as a model of its own, and the router
/// splits the traffic. Nothing moves unless ``run()`` runs: calls record what is wanted, and supervisors bring it about.
package actor OpenInferenceTarget: ServingTarget {
    package nonisolated let capabilities = TargetCapabilities.everything

    private let folder: String
    private let context: InferenceContext
    private var supervisors: [DeploymentID: InferenceSupervisor] = [:]
    private let arrivals = Arrivals<InferenceSupervisor>()

    init(folder: String, context: InferenceContext) {
        self.folder = folder
        self.context = context
        for id in DeploymentFolder.all(in: folder) {
            let supervisor = InferenceSupervisor(id, in: folder, context: context)
            supervisors[id] = supervisor
            arrivals.add(supervisor)
        }
    }

    /// Brings about what is wanted until the task is cancelled.
    ///
    /// Servers and the router go on after it.
    package func run() async {
        await arrivals.run { await $0.run() }
    }

    package func apply(_ state: ServingState, operation: OperationID) async throws(TargetError) {
        try check(state)
        try await checkPrefix(of: state.deployment)
        try await want(state, isRemoved: false)
        context.logger.info(
            "serving state accepted",
            metadata: ["deployment": "\(state.deployment)", "operation": "\(operation)"])
    }

    package func remove(_ deployment: DeploymentID, operation: OperationID) async throws(TargetError) {
        guard supervisors[deployment] != nil else { return }
        try await want(ServingState(deployment: deployment), isRemoved: true)
    }

    package func observe(_ deployment: DeploymentID) async throws(TargetError) -> ObservedServing {
        guard let supervisor = supervisors[deployment] else { return ObservedServing() }
        return try await supervisor.observe()
    }

    package nonisolated func log(_ query: ServerLogQuery) async throws(TargetError) -> ServerLogPart {
        let servers = context.servers.map(\.url).joined(separator: ", ")
        throw TargetError(
            .rejected,
            "Headgate does not start the servers of this target, \(servers): their logs are where they run, such as by "
                + "`journalctl`, `docker logs` or `kubectl logs`")
    }

    private func want(_ state: ServingState, isRemoved: Bool) async throws(TargetError) {
        if let known = supervisors[state.deployment], try await known.want(state, isRemoved: isRemoved) { return }
        let supervisor = InferenceSupervisor(state.deployment, in: folder, context: context)
        // Set before the first suspension, so that two calls make one supervisor.
        supervisors[state.deployment] = supervisor
        arrivals.add(supervisor)
        _ = try await supervisor.want(state, isRemoved: isRemoved)
    }

    private func check(_ state: ServingState) throws(TargetError) {
        try state.checkWeights()
        let servers = context.servers.count
        for served in state.versions where served.replicas > servers {
            throw TargetError(
                .rejected,
                "\(served.replicas) replicas are wanted, and the target has \(servers) servers, each of which is one")
        }
        if let problem = context.repository.problem { throw TargetError(.unreachable, problem) }
    }

    private func checkPrefix(of id: DeploymentID) async throws(TargetError) {
        let prefix = context.prefix(id)
        for (other, supervisor) in supervisors where other != id && context.prefix(other) == prefix {
            if await supervisor.isFinished { continue }
            guard await supervisor.desired.isRemoved else {
                throw TargetError(.rejected, "the path \(prefix) belongs to the Deployment \(other)")
            }
            throw TargetError(.noCapacity, "the Deployment \(other) at \(prefix) is still being removed")
        }
    }
}
