import HeadgateCore
import HeadgatePolicy

/// What `headgate check` and `headgate ci` say of a repository's manifests.
struct RepositoryCheck {
    let source: SourceName
    let desired: DesiredState
    let protected: ProtectedPolicies
    private let judge = PolicyJudge()

    init(source: SourceName, desired: DesiredState, protected: ProtectedPolicies = .none) {
        self.source = source
        self.desired = desired
        self.protected = protected
    }

    /// What is wrong with each manifest, and what only shows when all are seen together.
    var diagnostics: [Diagnostic] {
        desired.diagnostics + desired.servingProblems(source: source) + unguarding + unknowable + misspeltMetrics
            + unmetProtected
    }

    /// Policies that nothing names and whose `match` selects nothing: they look like a gate and are none.
    private var unguarding: [Diagnostic] {
        desired.policies.sorted { $0.key < $1.key }.compactMap { name, policy in
            guard desired.objectsGuarded(by: name).isEmpty else { return nil }
            return Diagnostic(
                .warning, code: "guards-nothing", "policy \(name) guards nothing", at: policy.meta.location,
                hint: policy.spec.match == nil
                    ? "name it under `policies` of a Model or Deployment, or give it a `match`"
                    : "no Model or Deployment has the labels of its `match`",
                object: ObjectID(PolicyID(source: source, name: name)))
        }
    }

    /// Policies that read what is unknown at every gate where they are asked.
    private var unknowable: [Diagnostic] {
        desired.policies.sorted { $0.key < $1.key }.flatMap { name, policy in
            let gates = policy.spec.at.map(\.rawValue).joined(separator: ", ")
            return judge.unknowable(name, policy.spec, digest: Key.policy(policy.spec)).map { read in
                Diagnostic(
                    .warning, code: "never-known", "policy \(name) reads \(read), which is unknown at \(gates)",
                    at: policy.meta.location,
                    hint:
                        "ask it at `\(read == "traffic" ? GateMoment.rollout.rawValue : GateMoment.validate.rawValue)`",
                    object: ObjectID(PolicyID(source: source, name: name)))
            }
        }
    }

    /// Metrics that a policy asks of a Model whose steps do not declare them: its gate could never pass.
    private var misspeltMetrics: [Diagnostic] {
        desired.policies.sorted { $0.key < $1.key }.flatMap { name, policy in
            let digest = Key.policy(policy.spec)
            return desired.modelsGuarded(by: name).compactMap { model -> Diagnostic? in
                guard let steps = desired.models[model]?.spec.pipeline?.steps,
                    let found = judge.misspeltMetric(
                        name, policy.spec, digest: digest, among: steps.declaredMetrics)
                else { return nil }
                return Diagnostic(
                    .error, code: "unknown-metric", "\(found.message), by Model \(model)",
                    at: found.location ?? policy.meta.location, hint: found.hint)
            }
        }
    }

    /// Metrics that a protected policy asks of a Model whose steps do not declare them.
    private var unmetProtected: [Diagnostic] {
        guard protected.source != nil else { return [] }
        let served = Dictionary(grouping: desired.deployments.values, by: \.spec.model)
        return desired.models.sorted { $0.key < $1.key }.flatMap { name, model -> [Diagnostic] in
            guard let declared = model.spec.pipeline?.steps.declaredMetrics else { return [] }
            let labels = [model.meta.labels] + (served[name] ?? []).map(\.meta.labels)
            return protected.guarding(labels).compactMap { policy in
                guard let spec = policy.spec, let digest = policy.digest,
                    let found = judge.misspeltMetric(policy.name, spec, digest: digest, among: declared)
                else { return nil }
                return Diagnostic(
                    .error, code: "unknown-metric",
                    "protected policy \(policy.name) cannot be asked of Model \(name): \(found.message)",
                    at: model.meta.location, hint: found.hint)
            }
        }
    }
}
