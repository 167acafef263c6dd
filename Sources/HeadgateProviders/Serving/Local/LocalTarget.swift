package import HeadgateCore
import Logging

/// Model servers as processes of this machine, behind a router with a stable address; both outlive the controller.
///
/// Nothing moves unless ``run()`` runs: calls record what is wanted, and supervisors bring it about.
package actor LocalTarget: ServingTarget {
    package nonisolated let capabilities = TargetCapabilities.everything

    let folder: String
    private let context: LocalContext
    private var capacity: Int?
    private var supervisors: [DeploymentID: DeploymentSupervisor] = [:]
    private let arrivals = Arrivals<DeploymentSupervisor>()

    init(folder: String, context: LocalContext, capacity: Int?) {
        self.folder = folder
        self.context = context
        self.capacity = capacity
        for id in DeploymentFolder.all(in: folder) {
            let supervisor = DeploymentSupervisor(id, in: folder, context: context)
            supervisors[id] = supervisor
            arrivals.add(supervisor)
        }
    }

    func setCapacity(_ capacity: Int?) { self.capacity = capacity }

    /// Brings about what is wanted until the task is cancelled.
    ///
    /// Servers and the router go on after it.
    package func run() async {
        await arrivals.run { await $0.run() }
    }

    package func apply(_ state: ServingState, operation: OperationID) async throws(TargetError) {
        try check(state)
        try await checkPrefix(of: state.deployment)
        try await checkCapacity(for: state)
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

    private func want(_ state: ServingState, isRemoved: Bool) async throws(TargetError) {
        if let known = supervisors[state.deployment], try await known.want(state, isRemoved: isRemoved) { return }
        let supervisor = DeploymentSupervisor(state.deployment, in: folder, context: context)
        // Set before the first suspension, so that two calls make one supervisor.
        supervisors[state.deployment] = supervisor
        arrivals.add(supervisor)
        _ = try await supervisor.want(state, isRemoved: isRemoved)
    }

    private func check(_ state: ServingState) throws(TargetError) {
        for served in state.versions {
            guard let serve = served.bundle.serve, !serve.command.isEmpty else {
                throw TargetError(.rejected, "version \(served.version.short) has no serve command")
            }
            guard serve.command.contains(where: { $0.contains("$(port)") }) else {
                throw TargetError(.rejected, "serve.command must pass $(port) on: two versions run at the same time")
            }
        }
        try state.checkWeights()
    }

    private func checkPrefix(of id: DeploymentID) async throws(TargetError) {
        let prefix = context.configuration.prefix(id)
        for (other, supervisor) in supervisors where other != id && context.configuration.prefix(other) == prefix {
            if await supervisor.isFinished { continue }
            guard await supervisor.desired.isRemoved else {
                throw TargetError(.rejected, "the path \(prefix) belongs to the Deployment \(other)")
            }
            throw TargetError(.noCapacity, "the Deployment \(other) at \(prefix) is still being removed")
        }
    }

    private func checkCapacity(for state: ServingState) async throws(TargetError) {
        guard let capacity else { return }
        var wanted = 0
        var isKnown = false
        for (id, supervisor) in supervisors {
            isKnown = isKnown || id == state.deployment
            wanted += await supervisor.processes(with: id == state.deployment ? state : nil)
        }
        if !isKnown { wanted += state.versions.reduce(0) { $0 + $1.replicas } }
        guard wanted <= capacity else {
            throw TargetError(
                .noCapacity, "\(wanted) server processes would be needed, and there is room for \(capacity)")
        }
    }
}
