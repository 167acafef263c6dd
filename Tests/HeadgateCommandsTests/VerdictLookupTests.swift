import Foundation
import HeadgateAPI
import HeadgateCore
import HeadgateStore
import Testing

@testable import HeadgateCommands

/// What people may call a verdict, and what they are told where it means none or several.
@Suite(.timeLimit(.minutes(2))) struct VerdictLookupTests {
    private func recorded(
        _ source: String, _ model: String, policy: String, at moment: GateMoment, _ outcome: Verdict.Outcome,
        seconds: Int64
    ) throws -> RecordedVerdict {
        let source = try #require(SourceName(source))
        let commit = try #require(CommitID(String(repeating: "a", count: 40)))
        let verdict = Verdict(
            policy: try #require(PolicyName(policy)), policyDigest: PolicyDigest(Digest.of(Array(policy.utf8))),
            action: .deny, moment: moment, outcome: outcome, evidenceDigest: EvidenceDigest(Digest.of([])),
            isVolatile: false,
            rules: [
                RuleResult(
                    name: "r", expression: "commit.verified", outcome: outcome, message: nil,
                    values: ["commit.verified", "candidate.size", "champion"].map {
                        RuleResult.Value(expression: $0, value: "x")
                    }, location: nil)
            ], message: outcome == .pass ? nil : "no")
        return RecordedVerdict(
            model: ModelID(source: source, name: try #require(ModelName(model))), deployment: nil, version: nil,
            assessment: nil, champion: nil, verdict: verdict, overridden: false,
            revision: Revision(reference: "main", commit: commit), recorded: Instant(milliseconds: seconds * 1000))
    }

    /// What is asked for, and which source's outcome is found or what is said instead.
    @Test(arguments: [
        ("beer/ticket", "models fail"), ("beer/ticket@plan", "models fail"), ("models/beer/ticket", "models fail"),
        ("beer/ticket@validate", "there is beer/ticket@plan, wine/ticket@plan"),
        ("beer/tickt", "did you mean \"beer/ticket\"?"), ("ale/ticket", "there is beer/ticket@plan, wine/ticket@plan"),
        ("wine/ticket", "several sources have wine: write models/wine/ticket or other/wine/ticket"),
        ("other/wine/ticket", "other pass"), ("models/wine/ticket@plan", "models inconclusive"),
        ("nowhere/wine/ticket", "no verdict of ticket on nowhere/wine"), ("beer/", "has no verdict beer/"),
        ("beer/@", "no verdict of @ on beer"), ("/", "is no verdict"), ("", "is no verdict"),
        ("0000zzzz", "a newer answer may have replaced it"),
    ])
    func `a verdict has several names, and one that means none or several is answered with what there is`(
        _ name: String, _ answer: String
    ) async throws {
        let path = NSTemporaryDirectory() + "verdicts-\(UUID().uuidString)"
        defer {
            for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + end) }
        }
        let ledger = try SQLiteLedger(path: path)
        let verdicts = [
            try recorded("models", "beer", policy: "ticket", at: .plan, .fail, seconds: 3),
            try recorded("models", "wine", policy: "ticket", at: .plan, .inconclusive, seconds: 2),
            try recorded("other", "wine", policy: "ticket", at: .plan, .pass, seconds: 1),
        ]
        try await ledger.commit(verdicts.map { .verdict($0) })
        let lookup = VerdictLookup(ledger: ledger)
        do {
            let found = try await lookup.find(name)
            #expect("\(found.recorded.model.source) \(found.recorded.verdict.outcome)" == answer)
            #expect(found.origins["commit.verified"] == "the commit in force, \(found.recorded.revision)")
            #expect(found.origins["candidate.size"] == "nothing: before training there is no candidate")
            #expect(found.origins["champion"] == "nothing: before training no champion is looked at")
            #expect(try await lookup.find(String(found.id.prefix(6)).uppercased()).id == found.id)
        } catch let problem as APIProblem {
            #expect(problem.message.contains(answer), "\(problem)")
        }
    }
}
