/// Computes keys of steps and digests of versions, environments and objects.
///
/// A key covers: schema version, command, params, inputs as (path, mode, content id), declared outputs and metrics, the
/// environment, plain variables and the names of secrets. Not: the Model's name, folder, timeout, labels, secret values.
package enum Key {
    /// What stands at an input's path.
    package struct Input: Hashable, Sendable {
        package let path: String
        package let mode: String
        /// Names content and its kind, such as `git:<hex>` or `sha256:<hex>`.
        package let content: String

        package init(path: String, mode: String, content: String) {
            self.path = path
            self.mode = mode
            self.content = content
        }
    }

    package static func step(
        _ step: StepSpec, command: [String], inputs: [Input], environment: EnvironmentDigest?
    ) -> StepKey {
        var builder = DigestBuilder(domain: "headgate.dev/step/1")
        builder.add("command", command)
        builder.add("params", JSONValue.object(step.params).canonicalText)
        let sorted = inputs.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        builder.add("inputs", sorted.flatMap { [$0.path, $0.mode, $0.content] })
        builder.add("outputs", step.outputs.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
        builder.add("metrics", step.metrics?.file ?? "")
        if !step.reports.isEmpty {
            // Steps without reports keep the keys that they had before there were any.
            let names = step.reports.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            let reports = names.compactMap { name in step.reports[name].map { (name, $0) } }
            builder.add("reports", reports.flatMap { [$0, $1.file, $1.format.rawValue] })
        }
        builder.add("environment", environment?.description ?? "")
        builder.add("variables", sortedPairs(step.variables))
        builder.add("secrets", step.secrets.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
        return StepKey(builder.finish())
    }

    package static func environment(
        requirements: TrackedEntry, interpreter: String, host: HostFacts
    ) -> EnvironmentDigest {
        var builder = DigestBuilder(domain: "headgate.dev/environment/1")
        builder.add("requirements", requirements.id)
        builder.add("interpreter", [interpreter, host.interpreters[interpreter] ?? ""])
        builder.add("host", [host.operatingSystem, host.architecture])
        return EnvironmentDigest(builder.finish())
    }

    /// Deadlines and drain times are how a version is handled, not what it is.
    package static func version(
        artifact: TreeDigest, path: String, inputs: [BundleInput], serve: ServeSpec?, environment: EnvironmentDigest?
    ) -> VersionID {
        var builder = DigestBuilder(domain: "headgate.dev/version/1")
        builder.add("artifact", artifact.digest)
        builder.add("path", path)
        let sorted = inputs.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        builder.add("inputs", sorted.flatMap { [$0.path, $0.entry.mode.rawValue, $0.entry.id] })
        builder.add("command", serve?.command ?? [])
        builder.add("ready", serve?.ready.path ?? "")
        builder.add("variables", sortedPairs(serve?.variables ?? [:]))
        builder.add("environment", environment?.description ?? "")
        return VersionID(builder.finish())
    }

    package static func assessment(version: VersionID, steps: [(name: StepName, key: StepKey)]) -> AssessmentID {
        var builder = DigestBuilder(domain: "headgate.dev/assessment/1")
        builder.add("version", version.digest)
        let sorted = steps.sorted { $0.name < $1.name }
        builder.add("steps", sorted.flatMap { [$0.name.text, $0.key.description] })
        return AssessmentID(builder.finish())
    }

    /// What decides a policy's verdicts; positions and labels do not.
    package static func policy(_ spec: PolicySpec) -> PolicyDigest {
        var builder = DigestBuilder(domain: "headgate.dev/policy/1")
        builder.add("at", spec.at.map(\.rawValue).sorted())
        builder.add("action", spec.action.rawValue)
        builder.add("params", JSONValue.object(spec.params).canonicalText)
        builder.add("variables", spec.variables.flatMap { [$0.name, $0.expression.source] })
        builder.add(
            "rules",
            spec.rules.flatMap {
                [$0.name, $0.expression.source, $0.message ?? "", $0.messageExpression?.source ?? ""]
            })
        return PolicyDigest(builder.finish())
    }

    private static func sortedPairs(_ pairs: [String: String]) -> [String] {
        pairs.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.flatMap { [$0.key, $0.value] }
    }
}
