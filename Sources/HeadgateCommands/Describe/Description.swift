import HeadgateAPI
import HeadgateCore

/// Objects as lines for people.
enum Description {
    static func of(_ model: ModelResource) -> [String] {
        var lines = Renderer.facts([
            ("Name", model.name), ("Source", model.source), ("File", model.file),
            ("Revision", Columns.shortRevision(model.revision)), ("Version", model.version ?? "none yet"),
            ("Labels", model.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ", ")),
            ("Policies", model.policies.joined(separator: ", ")),
        ])
        lines.append("Steps:")
        let width = model.steps.map(\.name.count).max() ?? 0
        lines += model.steps.map {
            "  \(Renderer.pad($0.name, to: width))  \(Renderer.pad($0.state, to: 9))  key \(Columns.short($0.key))"
                + ($0.run.map { "  run \($0)" } ?? "")
        }
        if let metrics = model.metrics { lines += Self.metrics(metrics) }
        return lines + conditions(model.conditions) + verdicts(model.verdicts)
    }

    static func of(_ deployment: DeploymentResource) -> [String] {
        var lines = DeploymentTree.draw(deployment).split(separator: "\n").map(String.init)
        lines += Renderer.facts([
            ("Source", deployment.source), ("File", deployment.file), ("Champion", deployment.version ?? "none yet"),
            ("Desired", deployment.desired ?? "not known yet"),
        ])
        return lines + conditions(deployment.conditions) + verdicts(deployment.verdicts)
    }

    static func of(_ version: VersionResource) -> [String] {
        let count = version.artifact.fileCount
        return Renderer.facts([
            ("Version", version.version), ("Model", version.model), ("Revision", version.revision),
            ("Created", TimeText.stamp(version.created)), ("Artifact", "\(version.artifact.tree)"),
            ("Size", "\(Columns.byteText(version.artifact.size)) in \(count.counted("file"))"),
            ("Formats", version.artifact.formats.joined(separator: ", ")),
            ("Serving", version.serving.isEmpty ? "nowhere" : version.serving.joined(separator: ", ")),
            ("Params", version.params.sortedMembers.isEmpty ? nil : version.params.canonicalText),
        ]) + metrics(version.metrics)
    }

    static func of(_ run: RunResource) -> [String] {
        Renderer.facts([
            ("Run", run.run), ("Model", run.model), ("Source", run.source), ("Step", run.step), ("State", run.state),
            ("Message", run.message?.summary), ("Attempt", "\(run.attempt)"), ("Key", run.key),
            ("Started", TimeText.stamp(run.started)), ("Ended", run.ended.map(TimeText.stamp)),
            ("Took", TimeText.span(from: run.started, to: run.ended ?? .now)), ("Log", "headgate logs \(run.run)"),
        ])
    }

    static func of(_ target: TargetResource, _ deployments: [DeploymentResource]) -> [String] {
        var lines = Renderer.facts([
            ("Name", target.name), ("Source", target.source), ("Type", target.type), ("File", target.file),
            ("Servers", target.servers?.joined(separator: ", ")), ("Repository", target.repository),
        ])
        lines.append("Deployments:")
        lines += deployments.map { "  \($0.name)  version \(Columns.short($0.version))  \($0.address ?? "")" }
        return lines
    }

    static func of(_ policy: PolicyResource) -> [String] {
        Renderer.facts([
            ("Name", policy.name), ("Source", policy.source), ("File", policy.file), ("Digest", policy.digest),
            ("At", policy.at.joined(separator: ", ")), ("Action", policy.action),
            ("Rules", policy.rules.joined(separator: ", ")),
            ("Guards", policy.guards.isEmpty ? "nothing" : policy.guards.joined(separator: ", ")),
            ("Problem", policy.problem),
        ])
    }

    static func of(_ source: SourceResource) -> [String] {
        var lines = Renderer.facts([
            ("Name", source.name), ("URL", source.url), ("Revision", source.revision ?? "none yet"),
            ("Subject", source.subject), ("Problem", source.problem),
        ])
        if !source.diagnostics.isEmpty { lines.append("Diagnostics:") }
        lines += source.diagnostics.flatMap { "\($0)".split(separator: "\n").map { "  \($0)" } }
        if !source.unconfirmed.isEmpty { lines.append("Waiting for `headgate prune \(source.name)`:") }
        return lines + source.unconfirmed.map { "  \($0)" }
    }

    private static func metrics(_ metrics: JSONValue) -> [String] {
        guard !metrics.sortedMembers.isEmpty else { return [] }
        return ["Metrics:"] + metrics.sortedMembers.map { "  \($0.name): \($0.value.canonicalText)" }
    }

    private static func verdicts(_ verdicts: [RecordedVerdict]) -> [String] {
        guard !verdicts.isEmpty else { return [] }
        return ["Verdicts:  (`headgate policy explain ID` shows how one came about)"] + verdicts.flatMap(verdict)
    }

    static func verdict(_ recorded: RecordedVerdict) -> [String] {
        let verdict = recorded.verdict
        var lines = [
            "  \(verdict.policy) (\(verdict.moment.rawValue)): \(verdict.outcome.rawValue)"
                + (recorded.version.map { " for \($0.short)" } ?? "") + (recorded.overridden ? ", overridden" : "")
                + (verdict.message.map { ": \($0)" } ?? "")
                + "  [\(recorded.id)]"
        ]
        for rule in verdict.rules {
            lines.append("    \(rule.name): \(rule.expression) → \(rule.outcome.rawValue)")
            lines += rule.values.map { "      \($0.expression) = \($0.value)" }
        }
        return lines
    }

    private static func conditions(_ conditions: [Condition]) -> [String] {
        guard !conditions.isEmpty else { return [] }
        let names = conditions.map { "\($0.kind.rawValue)=\($0.status.rawValue)" }
        let (width, reasons) = (names.map(\.count).max() ?? 0, conditions.map(\.reason.count).max() ?? 0)
        return ["Conditions:"]
            + zip(names, conditions).map { name, condition in
                "  \(Renderer.pad(name, to: width))  \(Renderer.pad(condition.reason, to: reasons))  "
                    + "since \(TimeText.stamp(condition.since))  \(condition.message.summary)"
            }
    }
}
