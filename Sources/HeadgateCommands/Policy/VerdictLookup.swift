import HeadgateAPI
import HeadgateCore

/// Finds verdicts in a ledger by what people call them, and says where their evidence comes from.
struct VerdictLookup {
    let ledger: any LedgerReader

    /// How many verdicts are looked through.
    private static let limit = 20_000

    /// The newest verdict that a name means.
    ///
    /// - Parameter name: The beginning of an id, at least 4 digits, or DEPLOYMENT/POLICY with `@MOMENT` or without; at
    ///   `plan` MODEL/POLICY; before it SOURCE/ where several sources have one.
    /// - Returns: The verdict, with where its evidence comes from.
    /// - Throws: `APIProblem` when the ledger has none or several.
    func find(_ name: String) async throws -> VerdictResource {
        let all = try await ledger.verdicts(model: nil, deployment: nil, version: nil, limit: Self.limit)
        let found = try Self.meant(by: name, among: all)
        var candidate: Assessment?
        var champion: Assessment?
        if let id = found.assessment { candidate = try await ledger.assessment(id) }
        if let id = found.champion { champion = try await ledger.assessment(id) }
        var origins: [String: String] = [:]
        for path in Set(found.verdict.rules.flatMap(\.values).map(\.expression)) {
            origins[path] = try await origin(of: path, found, candidate, champion)
        }
        return VerdictResource(id: found.id, recorded: found, origins: origins)
    }

    private static func meant(by name: String, among all: [RecordedVerdict]) throws -> RecordedVerdict {
        let parts = name.split(separator: "/").map(String.init)
        if parts.count > 1 { return try newest(of: parts[parts.count - 1], on: parts.dropLast(), among: all) }
        guard name.utf8.count >= 4 else {
            throw APIProblem(.invalid, "\(name) is no verdict: write at least 4 digits of its id, or DEPLOYMENT/POLICY")
        }
        let found = all.filter { $0.id.hasPrefix(name.lowercased()) }
        guard let first = found.first else {
            let text = "the ledger has no verdict \(name); a newer answer may have replaced it: name DEPLOYMENT/POLICY"
            throw APIProblem(.notFound, text)
        }
        guard Set(found.map(\.id)).count == 1 else {
            throw APIProblem(.invalid, "\(name) is the beginning of several verdicts: write more of it")
        }
        return first
    }

    /// The newest verdict of `POLICY` or `POLICY@MOMENT` on `NAME` or `SOURCE/NAME`.
    private static func newest(
        of question: String, on object: [String], among all: [RecordedVerdict]
    ) throws -> RecordedVerdict {
        let policy = question.split(separator: "@", maxSplits: 1).map(String.init)
        let found = all.filter { item in
            subject(item) == object[object.count - 1]
                && (object.count == 1 || [item.model.source.text] == object.dropLast())
                && item.verdict.policy.text == policy.first
                && (policy.count == 1 || item.verdict.moment.rawValue == policy[1])
        }
        let name = object.joined(separator: "/")
        guard let first = found.first else {
            let hint = hint(name, policy.first ?? "", among: all)
            throw APIProblem(.notFound, "the ledger has no verdict of \(question) on \(name)\(hint)")
        }
        let sources = Set(found.map(\.model.source)).sorted()
        guard sources.count == 1 else {
            let names = sources.map { "\($0)/\(name)/\(question)" }.joined(separator: " or ")
            throw APIProblem(.invalid, "several sources have \(name): write \(names)")
        }
        return first
    }

    /// The name of what a verdict is about.
    private static func subject(_ item: RecordedVerdict) -> String {
        item.deployment?.name.text ?? item.model.name.text
    }

    /// What there is instead of a verdict that there is not.
    private static func hint(_ object: String, _ policy: String, among all: [RecordedVerdict]) -> String {
        let others = all.filter { $0.verdict.policy.text == policy }
            .map { "\(subject($0))/\(policy)@\($0.verdict.moment.rawValue)" }
        if !others.isEmpty { return "; there is \(Set(others).sorted().prefix(5).joined(separator: ", "))" }
        let known = Set(all.filter { subject($0) == object }.map(\.verdict.policy.text))
        return Spelling.nearest(to: policy, among: known.sorted()).map { "; did you mean \"\(object)/\($0)\"?" } ?? ""
    }

    private func origin(
        of path: String, _ recorded: RecordedVerdict, _ candidate: Assessment?, _ champion: Assessment?
    ) async throws -> String? {
        let parts = path.split { $0 == "." || $0 == "[" }.map(String.init)
        switch parts.first {
        case "candidate" where recorded.version == nil: return "nothing: before training there is no candidate"
        case "champion" where recorded.version == nil: return "nothing: before training no champion is looked at"
        case "candidate": return try await origin(within: candidate, Array(parts.dropFirst()), "the candidate")
        case "champion":
            guard let champion else { return "no champion was compared with" }
            return try await origin(within: champion, Array(parts.dropFirst()), "the champion")
        case "commit":
            let of = candidate.map { "commit \($0.commit.commit.hex.prefix(12)): \($0.commit.subject)" }
            return of ?? "the commit in force, \(recorded.revision)"
        case "model", "deployment", "target": return "manifests at \(recorded.revision)"
        case "params":
            let file = recorded.verdict.rules.first?.location.map { ", \($0.file)" } ?? ""
            return "the policy's params\(file)"
        case "variables": return "a variable of the policy"
        case "approvals": return "approvals in the ledger, at \(TimeText.stamp(recorded.recorded))"
        case "now", "moment", "restoring": return "the controller, at \(TimeText.stamp(recorded.recorded))"
        case "traffic": return "counted by the target, until \(TimeText.stamp(recorded.recorded))"
        default: return nil
        }
    }

    private func origin(
        within assessment: Assessment?, _ parts: [String], _ who: String
    ) async throws -> String {
        guard let assessment else { return "\(who); its assessment is no longer kept" }
        let name = parts.count > 1 ? parts[1] : nil
        let place = "assessment \(assessment.id.short) at \(assessment.revision)"
        guard let field = parts.first, field == "metrics" || field == "reports" else { return place }
        for step in assessment.steps {
            guard let result = try await ledger.step(step.key)?.result else { continue }
            let given = field == "metrics" ? result.metrics : result.reports.map(JSONValue.object)
            guard let given, name.map({ given[$0] != nil }) ?? true else { continue }
            return "step \(step.name), run \(step.run), \(place)"
        }
        return "no step reports it; \(place)"
    }
}
