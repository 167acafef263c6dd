import CEL
import HeadgateCore
import Testing

@testable import HeadgatePolicy

/// What `policy eval` tries an expression on is what a gate has.
@Suite struct EvidenceTrialTests {
    private static func evidence(_ text: String) throws -> PlacedJSON {
        PlacedJSON(try JSONDocument.parseObject(Array(text.utf8)))
    }

    private static let document = #"""
        {"candidate": {"metrics": {"accuracy": 0.91, "epochs": 5, "loss": NaN, "huge": 1e999, "gone": null,
                                   "passed": true, "slices": [1, Infinity]},
                       "params": {"trees": 20, "depth": null}, "size": 12, "created": "2026-03-01T08:00:00Z",
                       "formats": ["onnx"], "reports": {"drift": {"score": 1, "bad": -Infinity}},
                       "provenance": {"steps": [{"name": "train", "builder": ""}]}},
         "champion": null, "model": {"name": "wine", "labels": {"tier": "production"}},
         "commit": {"author": {"name": "ada"}, "time": "2026-02-28T12:00:00+01:00"},
         "traffic": {"candidate": {"requests": 10, "errorRate": NaN}, "weight": 10},
         "approvals": [{"by": "grace", "at": "2026-03-01T09:00:00Z"}],
         "now": "2026-03-06T13:00:00Z", "variables": {"drop": 0.01, "odd": NaN}, "params": {"floor": 0.9, "days": 30, "odd": NaN}}
        """#

    private static func outcome(_ source: String, at moment: GateMoment? = nil) throws -> String {
        let trial = EvidenceTrial(asAtGate: try evidence(document), moment: moment)
        #expect(trial.problems == [])
        return try trial.environment.compile(source).evaluate(trial.activation).result.description
    }

    @Test(arguments: [
        ("candidate.metrics.accuracy >= params.floor", "true"), ("candidate.metrics.epochs == 5.0", "true"),
        ("type(candidate.metrics.epochs) == double", "true"), ("candidate.size == 12", "true"),
        ("champion == null", "true"), ("now - candidate.created == duration('125h')", "true"),
        ("now.getDayOfWeek('Europe/Berlin') != 5 || now.getHours('Europe/Berlin') < 12", "false"),
        ("approvals.exists(a, a.by != commit.author.name)", "true"), ("approvals[0].at > candidate.created", "true"),
        ("commit.time == timestamp('2026-02-28T11:00:00Z')", "true"), ("candidate.params.trees == 20", "true"),
        ("candidate.params.depth == null", "true"), ("candidate.reports.drift.score == 1.0", "true"),
        ("candidate.formats.all(f, f in ['onnx', 'safetensors'])", "true"), ("restoring", "false"),
        ("candidate.metrics.loss < 1.0", "unknown: waits for candidate.metrics.loss"),
        ("candidate.metrics.huge < 1.0", "unknown: waits for candidate.metrics.huge"),
        ("candidate.metrics.gone < 1.0", "unknown: waits for candidate.metrics.gone"),
        ("candidate.metrics.passed", "unknown: waits for candidate.metrics.passed"),
        ("candidate.metrics.slices[1] > 0.0", "unknown: waits for candidate.metrics.slices[1]"),
        ("candidate.reports.drift.bad < 1.0", "unknown: waits for candidate.reports.drift.bad"),
        ("traffic.candidate.errorRate < 0.1", "unknown: waits for traffic.candidate.errorRate"),
        ("candidate.digest == ''", "unknown: waits for candidate.digest"),
        ("deployment.name == 'wine'", "unknown: waits for deployment.name"),
        ("has(candidate.metrics.f1)", "false"), ("variables.drop <= params.floor", "true"),
        ("variables.odd > 1.0", "unknown: waits for variables.odd"), ("moment", "'rollout'"),
        ("params.odd < 0.5", "unknown: waits for params.odd"),
        ("params", #"Params{days: 30, floor: 0.9, odd: unknown(params.odd)}"#),
    ])
    func `values are those of a gate, and what is left out is unknown`(source: String, expected: String) throws {
        #expect(try Self.outcome(source) == expected)
    }

    @Test(arguments: [
        ("commit.author == commit.committer", "true"), ("approvals[0] == approvals[0]", "true"),
        ("approvals[0] in approvals", "true"), ("model == deployment", "false"), ("model == model", "true"),
        (
            "commit == commit",
            "unknown: waits for commit.id, commit.message, commit.signer, commit.time, commit.verified"
        ),
        ("candidate.provenance.steps[0] == candidate.provenance.steps[1]", "true"),
        ("traffic.stable.latency == traffic.candidate.latency", "unknown: waits for traffic.candidate.latency.p99"),
        ("candidate.provenance == candidate.provenance", "unknown: waits for candidate.provenance.revision"),
    ])
    func `records with every field can be equal`(source: String, expected: String) throws {
        let ada = #"{"name": "ada", "email": "a@b"}"#
        let step = #"{"name": "train", "key": "k", "run": "r", "builder": "", "signer": ""}"#
        let latency = #""mean": 1, "p50": 1, "p90": 1, "p95": 1"#
        let text = """
            {"commit": {"author": \(ada), "committer": \(ada)},
             "approvals": [{"by": "ada", "digest": "d", "at": "2026-03-01T09:00:00Z"}],
             "model": {"name": "wine", "labels": {}, "annotations": {}},
             "deployment": {"name": "cellar", "labels": {}, "annotations": {}},
             "candidate": {"provenance": {"steps": [\(step), \(step)]}},
             "traffic": {"stable": {"latency": {\(latency), "p99": 1}}, "candidate": {"latency": {\(latency)}}}}
            """
        let trial = EvidenceTrial(asAtGate: try Self.evidence(text), moment: .rollout)
        #expect(trial.problems == [])
        #expect(try trial.environment.compile(source).evaluate(trial.activation).result.description == expected)
    }

    @Test(arguments: [
        (#"{"verified": true, "signer": "ada"}"#, "'ada'"),
        (#"{"verified": true}"#, "unknown: waits for commit.signer"),
        (#"{"verified": false, "signer": null}"#, "unknown: waits for commit.signer"),
    ])
    func `a signer is known only of a commit that is verified`(commit: String, expected: String) throws {
        let trial = EvidenceTrial(asAtGate: try Self.evidence("{\"commit\": \(commit)}"), moment: nil)
        #expect(trial.problems == [])
        let outcome = try trial.environment.compile("commit.signer").evaluate(trial.activation).result
        #expect(outcome.description == expected)
    }

    @Test(arguments: [
        (GateMoment.plan, "candidate.size > 1", "unknown: waits for candidate.size"),
        (.plan, "champion == null", "unknown: waits for champion"), (.plan, "model.name", "'wine'"),
        (.plan, "commit.author.name", "'ada'"), (.validate, "candidate.size", "12"),
        (.validate, "traffic.weight > 1", "unknown: waits for traffic.weight"),
        (.release, "traffic.weight > 1", "unknown: waits for traffic.weight"), (.rollout, "traffic.weight", "10"),
    ])
    func `what a gate cannot have is unknown there though the evidence gives it`(
        moment: GateMoment, source: String, expected: String
    ) throws {
        #expect(try Self.outcome(source, at: moment) == expected)
        let trial = EvidenceTrial(asAtGate: try Self.evidence(Self.document), moment: moment)
        let leftOut: [GateMoment: [String]] = [
            .plan: ["candidate", "champion", "traffic"], .validate: ["traffic"], .release: ["traffic"],
        ]
        #expect(trial.leftOut?.names == leftOut[moment])
    }

    @Test func `which gate asks may be said, by the caller before the document`() throws {
        #expect(try Self.outcome("moment", at: .rollout) == "'rollout'")
        let told = EvidenceTrial(asAtGate: try Self.evidence(#"{"moment": "plan"}"#), moment: nil)
        #expect(told.activation["moment"]?.description == "'plan'")
        let other = EvidenceTrial(asAtGate: try Self.evidence(#"{"moment": "plan"}"#), moment: .release)
        #expect(other.activation["moment"]?.description == "'release'")
    }

    @Test(
        arguments: [
            ("candidate.digst == ''", "Version has no field 'digst'", "did you mean 'digest'?"),
            ("params.flor > 0.5", "Params has no field 'flor'", "did you mean 'floor'?"),
            (
                "candidate.created > '2026'", "'>' does not apply to timestamp and string",
                "write timestamp(…) around the text"
            ),
            ("candidat.size > 1", "undeclared name 'candidat'", "did you mean 'candidate'?"),
            ("variables.drp > 1.0", "undeclared name 'variables.drp'", "did you mean 'variables.drop'?"),
            (
                "variables.tolerance > 1.0", "undeclared name 'variables.tolerance'",
                "declared are variables.drop, variables.odd"
            ),
        ] as [(String, String, String?)])
    func `what a policy may not ask is refused`(source: String, message: String, hint: String?) throws {
        let trial = EvidenceTrial(asAtGate: try Self.evidence(Self.document), moment: nil)
        do throws(CompilationError) {
            _ = try trial.environment.compile(source)
            Issue.record("it was accepted")
        } catch {
            #expect(error.diagnostics.map(\.message) == [message])
            #expect(error.diagnostics[0].hint == hint)
        }
    }

    @Test(
        arguments: [
            (#"{"candidat": {}}"#, "candidat", "did you mean 'candidate'?"),
            (#"{"candidate": {"sizes": 1}}"#, "candidate.sizes", "did you mean 'size'?"),
            (#"{"candidate": {"size": "1"}}"#, "candidate.size", nil), (#"{"now": "today"}"#, "now", nil),
            (#"{"approvals": [{"at": 1}]}"#, "approvals[0].at", nil), (#"{"params": 1}"#, "params", nil),
            (#"{"variables": []}"#, "variables", nil), (#"{"moment": "later"}"#, "moment", nil),
            (#"{"moment": 1}"#, "moment", nil), (#"{"commit": {"signer": "ada"}}"#, "commit.signer", nil),
            (#"{"commit": {"verified": false, "signer": "ada"}}"#, "commit.signer", nil),
            (#"{"commit": {"verified": null, "signer": "ada"}}"#, "commit.signer", nil),
        ] as [(String, String, String?)])
    func `evidence that fits no record is told by its field`(text: String, field: String, hint: String?) throws {
        let problems = EvidenceTrial(asAtGate: try Self.evidence(text), moment: nil).problems
        #expect(problems.map(\.field) == [field])
        #expect(problems.first?.hint == hint)
    }

    @Test(arguments: [
        ("a == 5 && b == 'x' && c == null && d.e[1] == 2.5", "true"), ("n > 1.0", "unknown: waits for n"),
        ("d.f[0] > 1.0", "unknown: waits for d.f[0]"), ("d.f[0] > 1.0 && false", "false"),
    ])
    func `a plain document is taken as it is, but for numbers that are not finite`(
        source: String, expected: String
    ) throws {
        let text = #"{"a": 5, "b": "x", "c": null, "d": {"e": [1, 2.5], "f": [1e999]}, "n": NaN}"#
        let trial = EvidenceTrial(plain: try Self.evidence(text).value)
        let program = try trial.environment.compile(source)
        #expect(program.evaluate(trial.activation).result.description == expected)
    }

    // MARK: Checks of a rollout

    private static let traffic = #"""
        {"candidate": {"requests": 1000, "errors": 100, "latency": [0.2, 0.3, 0.2, 0.4], "metrics": {"smoke": 3},
                       "mirrored": 1000, "agreement": 0.5},
         "stable": {"requests": 1000, "errors": 10, "latency": {"p99": 0.1, "mean": 0.05}, "metrics": {"smoke": NaN}},
         "queries": {"lag": 2, "bad": NaN}}
        """#

    @Test(arguments: [
        ("candidate.errorRate", "0.1"), ("candidate.errorRate <= stable.errorRate + 0.01", "false"),
        ("candidate.latency.p99 > 0.4 && candidate.latency.p99 < 0.5 && candidate.latency.mean == 0.275", "true"),
        ("stable.latency.p99", "0.1"), ("stable.latency.p50 < 1.0", "unknown: waits for stable.latency.p50"),
        ("stable.agreement > 0.5", "unknown: waits for stable.agreement"), ("queries.lag", "2.0"),
        ("queries.bad < 1.0", "unknown: waits for queries.bad"), ("candidate.metrics.smoke == 3.0", "true"),
        ("stable.metrics.smoke > 1.0", "unknown: waits for stable.metrics.smoke"),
        ("candidate.errorRateNotWorse(stable, 0.05, 0.01)", "false"), ("candidate.errorRateBelow(0.5, 0.05)", "true"),
        ("candidate.agreementAbove(0.9, 0.05)", "false"),
        ("rateNotWorse(100.0, 1000.0, 10.0, 1000.0, 0.05, 0.01)", "false"),
        ("candidate.latencyNotWorse(candidate, 0.05, 0.1)", "unknown: waits for more samples of latency"),
        ("candidate.latencyNotWorse(stable, 0.05, 0.1)", "unknown: waits for stable.latencyCounts"),
        ("candidate.meanLatencyNotWorse(stable, 0.05, 0.1)", "unknown: waits for stable.latencyCounts"),
        ("stable.agreementAbove(0.9, 0.05)", "unknown: waits for stable.agreement, stable.mirrored"),
    ])
    func `a check of a rollout is tried on what it would read`(source: String, expected: String) throws {
        let trial = EvidenceTrial(asInCheck: try Self.evidence(Self.traffic))
        #expect(trial.problems == [])
        #expect(trial.evaluate(try trial.environment.compile(source)).0.result.description == expected)
    }

    @Test(
        arguments: [
            ("candidate.errorRateNotWorse(stable, 0.05, 0.01)", "errorRate: rate 0.1 against 0.01"),
            ("candidate.errorRateBelow(0.5, 0.05)", "errorRate: rate 0.1 in 1000 samples"),
            ("candidate.latencyNotWorse(candidate, 0.05, 0.1)", "latency: "), ("candidate.errorRate > 0.5", nil),
        ] as [(String, String?)])
    func `what a judge said is told`(source: String, told: String?) throws {
        let trial = EvidenceTrial(asInCheck: try Self.evidence(Self.traffic))
        let judged = trial.evaluate(try trial.environment.compile(source)).judged
        #expect(told.map { judged?.hasPrefix($0) == true } ?? (judged == nil), "\(judged ?? "")")
    }

    @Test(
        arguments: [
            (#"{"candidate": {"requests": 10}}"#, "queries.lag < stable.metrics.smoke", nil),
            (#"{"queries": {"lag": 1}}"#, "queries.lagg < 1.0", "did you mean 'lag'?"),
            (#"{"stable": {"metrics": {"smoke": 1}}}"#, "candidate.metrics.smok < 1.0", "did you mean 'smoke'?"),
            (
                #"{"stable": {}}"#, "candidate.size > 1",
                "its fields: agreement, errorRate, errors, latency, latencyCounts, metrics, mirrored, requests"
            ),
        ] as [(String, String, String?)])
    func `of queries that are given a misspelt one is refused`(text: String, source: String, hint: String?) throws {
        let trial = EvidenceTrial(asInCheck: try Self.evidence(text))
        do throws(CompilationError) {
            let program = try trial.environment.compile(source)
            #expect(
                trial.evaluate(program).0.result.description == "unknown: waits for queries.lag, stable.metrics.smoke")
            #expect(hint == nil)
        } catch {
            #expect(error.diagnostics.map(\.hint) == [hint])
        }
    }

    @Test(arguments: [
        (#"{"candidate": {"errorRat": 0.1}}"#, "candidate.errorRat"), (#"{"model": {}}"#, "model"),
        (#"{"candidate": {"latency": [0.1, -1]}}"#, "candidate.latency[1]"),
        (#"{"candidate": {"latency": [0.1, "x"]}}"#, "candidate.latency[1]"),
        (#"{"candidate": {"latency": [1e9]}}"#, "candidate.latency[0]"), (#"{"queries": {"lag": "x"}}"#, "queries.lag"),
        (#"{"queries": [1]}"#, "queries"), (#"{"stable": {"metrics": 1}}"#, "stable.metrics"),
    ])
    func `what no check can read is told by its field`(text: String, field: String) throws {
        #expect(EvidenceTrial(asInCheck: try Self.evidence(text)).problems.map(\.field) == [field])
    }
}
