package import HeadgateCore

/// A serving system behind a program of the operator's, in any language.
package final class ExecTarget: ServingTarget {
    package let capabilities: TargetCapabilities
    private let name: String
    private let spec: ExecTargetSpec
    private let program: ExecProgram
    let bundles: ExecBundles

    /// Asks the program what it can do.
    init(
        name: String, spec: ExecTargetSpec, program: ExecProgram, bundles: ExecBundles
    ) async throws(TargetError) {
        self.name = name
        self.spec = spec
        self.program = program
        self.bundles = bundles
        let answer = try await program.ask(
            ExecRequest(call: .capabilities, target: name, settings: spec.settings)
        ).capabilities
        capabilities = TargetCapabilities(
            weights: answer?.weights ?? false, sideBySide: answer?.sideBySide ?? false)
    }

    package func apply(_ state: ServingState, operation: OperationID) async throws(TargetError) {
        var request = request(.apply, state.deployment)
        request.operation = operation.number
        var weights: [String: Int] = [:]
        for (version, weight) in state.weights { weights[version.description] = weight }
        request.state = ExecRequest.State(
            versions: try await bundles.prepare(state), weights: weights, stable: state.stable?.description)
        _ = try await program.ask(request)
        try await bundles.settle(state)
    }

    package func observe(_ deployment: DeploymentID) async throws(TargetError) -> ObservedServing {
        guard let observed = try await program.ask(request(.observe, deployment)).observed else {
            throw TargetError(.unreachable, "program \(program.name) answered without what it observes")
        }
        return try ObservedServing(observed)
    }

    package func remove(_ deployment: DeploymentID, operation: OperationID) async throws(TargetError) {
        var request = request(.remove, deployment)
        request.operation = operation.number
        _ = try await program.ask(request)
        try await bundles.forget(deployment)
    }

    package func log(_ query: ServerLogQuery) async throws(TargetError) -> ServerLogPart {
        throw TargetError(
            .rejected,
            "the program \(program.name) starts the servers of target \(name), and their logs are where it does, such as "
                + "`kubectl logs` of a cluster")
    }

    private func request(_ call: ExecRequest.Call, _ deployment: DeploymentID) -> ExecRequest {
        ExecRequest(
            call: call, target: name, settings: spec.settings, deployment: ExecRequest.Deployment(deployment))
    }
}
