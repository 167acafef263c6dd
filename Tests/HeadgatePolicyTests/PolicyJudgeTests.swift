import HeadgateCore
import Testing

@testable import HeadgatePolicy

@Suite struct PolicyJudgeTests {
    private let judge = PolicyJudge()

    private func policy(_ expression: String, message: String? = nil, params: [String: JSONValue] = [:]) -> PolicySpec {
        PolicySpec(
            at: [.validate], params: params,
            rules: [
                PolicyRule(
                    name: "rule", expression: PolicyExpression(expression),
                    messageExpression: message.map { PolicyExpression($0) })
            ])
    }

    private func ask(_ spec: PolicySpec, _ evidence: Evidence) throws -> Verdict {
        judge.judge(try #require(PolicyName("p")), spec, digest: Key.policy(spec), on: evidence)
    }

    @Test(arguments: [
        ([GateMoment.plan], "candidate.size > 1", ["candidate"]), ([.plan, .validate], "candidate.size > 1", []),
        ([.plan], "variables.slow || target == 'x'", ["target", "traffic"]), ([.plan], "commit.verified", []),
        ([.validate, .release], "variables.slow", ["traffic"]), ([.validate, .rollout], "variables.slow", []),
        ([.plan], "candidate.sise > 1", []),
    ])
    func `what none of a policy's gates can have is known before they ask`(
        gates: [GateMoment], expression: String, expected: [String]
    ) throws {
        var spec = policy(expression)
        spec.at = gates
        spec.variables = [
            PolicyVariable(name: "slow", expression: PolicyExpression("traffic.candidate.latency.p99 > 1.0"))
        ]
        #expect(judge.unknowable(try #require(PolicyName("p")), spec, digest: Key.policy(spec)) == expected)
    }

    @Test(arguments: [
        ("candidate.metrics.accuracy >= 0.9", Verdict.Outcome.pass),
        ("candidate.metrics.accuracy >= 0.95", .fail),
        ("candidate.metrics.absent >= 0.9", .inconclusive),
        ("candidate.metrics.broken >= 0.9", .inconclusive),
        ("candidate.metrics.infinite < 1.0", .inconclusive),
        ("candidate.metrics.text == 'x'", .inconclusive),
        ("candidate.metrics.accuracy >= 0.9 || candidate.metrics.absent > 1.0", .pass),
        ("candidate.metrics.absent > 1.0 || candidate.metrics.accuracy >= 0.9", .pass),
        ("candidate.metrics.accuracy > 1.0 && candidate.metrics.absent > 1.0", .fail),
        ("1 / 0 == 1", .inconclusive),
        ("champion == null", .pass),
        ("candidate.metrics.slices.young >= 0.7", .pass),
        ("has(candidate.metrics.accuracy) && !has(candidate.metrics.absent)", .pass),
        ("candidate.formats.all(f, f != 'pickle')", .pass),
        ("model.labels.tier == 'production'", .pass),
        ("candidate.metrics.accuraccy_of.x > 1.0", .inconclusive),
    ])
    func `a rule is decided by what is known and by nothing else`(_ expression: String, _ outcome: Verdict.Outcome)
        throws
    {
        let verdict = try ask(policy(expression), .sample(champion: .none))
        #expect(verdict.outcome == outcome, "\(verdict)")
    }

    @Test(arguments: ["candidate.metric.accuracy > 0.9", "candidat.size > 1", "deployment.nme == 'x'", "1 +", "'x'"])
    func `a misspelt field, a syntax error or a rule that is no condition is found when the policy is read`(
        _ expression: String
    ) throws {
        let problems = judge.check(try #require(PolicyName("p")), policy(expression))
        #expect(!problems.isEmpty)
        let verdict = try ask(policy(expression), .sample(champion: .none))
        #expect(verdict.outcome == .error)
    }

    @Test(
        arguments: [
            ("variables.last > 1", "declared after this one (line 12); variables can use only earlier ones"),
            ("variables.here > 1", "a variable cannot use itself"),
            ("variables.frst > 1", "did you mean 'variables.first'?"),
            ("variables.first > 1", nil),
        ] as [(String, String?)])
    func `a variable reads earlier ones only, and which is later is told`(expression: String, hint: String?) throws {
        let names = [("first", "1"), ("here", expression), ("last", "2")]
        var spec = policy("true")
        spec.variables = try names.enumerated().map { index, variable in
            let file = try #require(RepositoryPath("policy.yaml"))
            let place = SourceLocation(file: file, line: 10 + index, column: 5)
            return PolicyVariable(name: variable.0, expression: PolicyExpression(variable.1, at: place))
        }
        #expect(judge.check(try #require(PolicyName("p")), spec).map(\.hint) == (hint == nil ? [] : [hint]))
        spec.variables.removeFirst()
        let alone = judge.check(try #require(PolicyName("p")), spec)
        if expression.contains("last") { #expect(alone.map(\.hint) == [hint]) }
    }

    @Test func `the parts of a rule that are kept hold the turn that decided`() throws {
        let verdict = try ask(policy("lists.range(900).all(x, x < 700) && champion == null"), .sample(champion: .none))
        let steps = try #require(verdict.rules.first?.steps)
        #expect(steps.suffix(2).map(\.value) == ["false  [x = 700]  (668 more not shown)", "not evaluated"])
    }

    @Test func `a metric that no step declares is an error where the steps declare theirs`() throws {
        var evidence = Evidence.sample(champion: .none)
        evidence.candidate?.declared = ["accuracy": .double]
        #expect(try ask(policy("candidate.metrics.accuracy > 0.1"), evidence).outcome == .pass)
        let verdict = try ask(policy("candidate.metrics.acuracy > 0.1"), evidence)
        #expect(verdict.outcome == .error)
        #expect(verdict.message?.contains("acuracy") == true)
    }

    @Test func `a failed rule says what its message expression says, and shows what it read`() throws {
        let spec = policy(
            "candidate.metrics.accuracy >= params.floor",
            message: "'accuracy ' + string(candidate.metrics.accuracy) + ' < ' + string(params.floor)",
            params: ["floor": .number(0.95)])
        let verdict = try ask(spec, .sample(champion: .none))
        #expect(verdict.message == "accuracy 0.91 < 0.95")
        let values = verdict.rules.flatMap(\.values)
        #expect(values.contains { $0.expression == "candidate.metrics.accuracy" && $0.value == "0.91" })
    }

    @Test func `an unknown champion is inconclusive and an absent one is null`() throws {
        let spec = policy("champion == null || champion.metrics.accuracy < 0.5")
        #expect(try ask(spec, .sample(champion: .none)).outcome == .pass)
        #expect(try ask(spec, .sample(champion: .unknown("not observed"))).outcome == .inconclusive)
    }

    @Test func `the evidence digest covers what was read and only that`() throws {
        let spec = policy("candidate.metrics.accuracy > 0.5")
        let first = try ask(spec, .sample(champion: .none))
        var other = Evidence.sample(champion: .none)
        other.now = Instant(milliseconds: 99)
        #expect(try ask(spec, other).evidenceDigest == first.evidenceDigest)
        #expect(!first.isVolatile)
        other.candidate?.metrics = .object(["accuracy": .number(0.92)])
        #expect(try ask(spec, other).evidenceDigest != first.evidenceDigest)
        #expect(try ask(policy("now > timestamp('2020-01-01T00:00:00Z')"), other).isVolatile)
    }

    @Test(arguments: [
        (["variables.late"], true), (["size(approvals) > 1"], true),
        (["candidate.metrics.accuracy > 1.0"], false),
        (["variables.late", "candidate.metrics.accuracy > 0.5"], true),
        (["variables.late", "candidate.metrics.accuracy > 1.0"], false),
        (["!variables.late", "candidate.metrics.accuracy > 1.0"], false), (["!variables.late"], false),
    ])
    func `a no is to this moment only if every rule that gives it reads what passes`(
        _ expressions: [String], _ isMomentary: Bool
    ) throws {
        var spec = policy("true")
        spec.variables = [
            PolicyVariable(
                name: "late", expression: PolicyExpression("now > timestamp('2120-01-01T00:00:00Z')"))
        ]
        spec.rules = expressions.enumerated().map {
            PolicyRule(name: "rule-\($0)", expression: PolicyExpression($1), messageExpression: nil)
        }
        let verdict = try ask(spec, .sample(champion: .none))
        #expect(verdict.isMomentary == isMomentary)
        let expected: GateDecision =
            switch (verdict.outcome, isMomentary) {
            case (.pass, _): .allowed
            case (_, true): .inconclusive(policy: verdict.policy, message: verdict.message ?? "")
            case (_, false): .denied(policy: verdict.policy, message: verdict.message ?? "")
            }
        #expect(GateDecision.deciding([(verdict, false)]) == expected)
    }
}

extension Evidence {
    /// A candidate with good, bad and absent metrics.
    static func sample(champion: ChampionEvidence) -> Evidence {
        let digest = Digest.of(Array("x".utf8))
        guard let source = SourceName("s"), let model = ModelName("wine"),
            let commit = CommitID(String(repeating: "a", count: 40))
        else { preconditionFailure("constant names are valid") }
        let id = ModelID(source: source, name: model)
        let person = CommitFacts.Person(name: "Ada", email: "ada@example.com")
        let facts = CommitFacts(
            commit: commit, parents: [], author: person, committer: person, message: "m",
            time: Instant(milliseconds: 0))
        let artifact = StoredArtifact(tree: TreeDigest(digest), size: 10, fileCount: 1, formats: ["joblib"])
        let bundle = ServingBundle(
            artifact: artifact.tree, artifactPath: "model/", inputs: [], serve: nil, environment: nil, source: source)
        let revision = Revision(reference: "main", commit: commit)
        let version = VersionRecord(
            id: VersionID(digest), model: id, bundle: bundle, artifact: artifact, created: Instant(milliseconds: 0),
            revision: revision)
        let metrics = JSONValue.object([
            "accuracy": .number(0.91), "broken": .number(.nan), "infinite": .number(.infinity), "text": .string("x"),
            "slices": .object(["young": .number(0.8)]),
        ])
        let assessment = Assessment(
            id: AssessmentID(digest), version: version.id, model: id, metrics: metrics, declared: nil,
            params: .object([:]), data: [], steps: [], revision: revision, commit: facts,
            created: Instant(milliseconds: 0))
        return Evidence(
            moment: .validate, candidate: VersionEvidence(version, assessment), champion: champion,
            model: Evidence.Subject(name: "wine", labels: ["tier": "production"]),
            deployment: Evidence.Subject(name: "wine", labels: [:]), commit: facts, now: Instant(milliseconds: 0))
    }
}
