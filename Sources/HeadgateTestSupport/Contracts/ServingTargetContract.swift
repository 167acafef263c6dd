package import HeadgateCore

/// What every serving target promises, whatever it serves with; each conformer's tests ask it.
package struct ServingTargetContract: Sendable {
    private let target: any ServingTarget
    private let first: ServedVersion
    private let second: ServedVersion
    private let deployment: DeploymentID
    private let limit: Duration

    /// - Parameters:
    ///   - target: Runs already.
    ///   - deployment: One that the target has never seen.
    ///   - first: A version that becomes ready.
    ///   - second: Another one.
    ///   - limit: How long a change may take before it counts as one that never comes.
    package init(
        of target: any ServingTarget, deployment: DeploymentID, first: ServedVersion, second: ServedVersion,
        limit: Duration = .seconds(120)
    ) {
        self.target = target
        self.deployment = deployment
        self.first = first
        self.second = second
        self.limit = limit
    }

    /// Every promise that is not kept, a sentence each; leaves nothing behind on the target.
    package func violations() async -> [String] {
        var broken: [String] = []
        do throws(TargetError) {
            try await unknownDeployment(&broken)
            try await repeatedApply(&broken)
            try await newestWins(&broken)
            try await removal(&broken)
            await refusals(&broken)
        } catch {
            broken.append("a call failed: \(error.code.rawValue): \(error.message)")
        }
        return broken
    }

    private func state(_ versions: [ServedVersion], _ weights: [VersionID: Int]) -> ServingState {
        ServingState(
            deployment: deployment, versions: versions, weights: weights,
            stable: weights.max { ($0.value, $0.key) < ($1.value, $1.key) }?.key)
    }

    private func only(_ version: ServedVersion) -> ServingState { state([version], [version.version: 100]) }

    private func unknownDeployment(_ broken: inout [String]) async throws(TargetError) {
        let seen = try await target.observe(deployment)
        if seen != ObservedServing() { broken.append("a Deployment that was never applied is not empty: \(seen)") }
        // What is not there is removed already.
        try await target.remove(deployment, operation: OperationID(1))
    }

    private func repeatedApply(_ broken: inout [String]) async throws(TargetError) {
        try await target.apply(only(first), operation: OperationID(2))
        try await target.apply(only(first), operation: OperationID(2))
        let isServed = await eventually { seen in
            seen.weights == [first.version: 100] && seen.versions[first.version]?.phase == .ready
        }
        guard isServed else { return broken.append("an applied version is never served: \(await now)") }
        let before = try await target.observe(deployment)
        try await target.apply(only(first), operation: OperationID(3))
        let after = try await target.observe(deployment)
        if before.weights != after.weights || before.versions.keys != after.versions.keys {
            broken.append("applying the same state again changed what is served: \(before) became \(after)")
        }
        if after.address == nil { broken.append("a Deployment that serves has no address") }
    }

    private func newestWins(_ broken: inout [String]) async throws(TargetError) {
        let split = [first.version: 90, second.version: 10]
        try await target.apply(state([first, second], split), operation: OperationID(4))
        if !(await eventually { $0.weights == split }) { broken.append("a split is never shown: \(await now)") }
        // The later one is in force before the earlier one is done.
        try await target.apply(only(second), operation: OperationID(5))
        try await target.apply(only(first), operation: OperationID(6))
        let isBack = await eventually { seen in
            seen.weights == [first.version: 100] && seen.versions.keys.elementsEqual([first.version])
        }
        if !isBack { broken.append("the last of several states does not hold in the end: \(await now)") }
    }

    private func removal(_ broken: inout [String]) async throws(TargetError) {
        try await target.remove(deployment, operation: OperationID(7))
        try await target.remove(deployment, operation: OperationID(7))
        if !(await eventually { $0 == ObservedServing() }) {
            broken.append("a removed Deployment is never gone: \(await now)")
        }
        try await target.remove(deployment, operation: OperationID(8))
    }

    private func refusals(_ broken: inout [String]) async {
        let cases = [
            ("weights that do not add up to 100", state([first], [first.version: 90])),
            ("a weight of a version that is not in the state", state([first], [second.version: 100])),
        ]
        for (what, state) in cases {
            do throws(TargetError) {
                try await target.apply(state, operation: OperationID(9))
                broken.append("\(what) are taken")
            } catch {
                if error.mayRetry { broken.append("\(what) are refused as something to try again") }
            }
        }
    }

    private var now: String {
        get async {
            do throws(TargetError) {
                return "\(try await target.observe(deployment))"
            } catch {
                return error.message
            }
        }
    }

    private func eventually(_ holds: (ObservedServing) -> Bool) async -> Bool {
        let end = ContinuousClock.now + limit
        repeat {
            if let seen = try? await target.observe(deployment), holds(seen) { return true }
            try? await Task.sleep(for: .milliseconds(50))
        } while ContinuousClock.now < end
        return false
    }
}
