import HeadgateCore

extension ServingState {
    /// Refuses weights that no target can hold.
    func checkWeights() throws(TargetError) {
        let known = Set(versions.map(\.version))
        let sum = weights.values.reduce(0, +)
        guard weights.isEmpty || sum == 100 else {
            throw TargetError(.rejected, "weights add up to \(sum), not to 100")
        }
        guard weights.allSatisfy({ known.contains($0.key) || $0.value == 0 }) else {
            throw TargetError(.rejected, "a weight names a version that the state does not have")
        }
        guard versions.allSatisfy({ $0.replicas >= 0 }) else {
            throw TargetError(.rejected, "replicas must not be negative")
        }
    }
}
