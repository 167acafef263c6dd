import Foundation
import HeadgateTestSupport
import Testing

/// What `policy eval` prints, where, and how it exits.
@Suite(.timeLimit(.minutes(10))) struct PolicyEvalTests {
    private static let files = [
        "gate.json": """
        {"candidate": {"metrics": {"accuracy": 0.91, "epochs": 5, "loss": NaN, "huge": 1e999},
                       "created": "2026-03-01T08:00:00Z"},
         "champion": null, "now": "2026-03-06T13:00:00Z", "params": {"accuracy": 0.95}}
        """,
        "gate.yaml": "candidate: {metrics: {accuracy: 0.91, loss: .nan, huge: 1e999}}\nnow: '2026-03-06T13:00:00Z'\n",
        "misspelt.json": "{\n  \"candidate\": {\"metrcs\": {}}}",
        "plain.json": #"{"count": 5, "tags": ["x", "y"], "scores": {"accuracy": 0.9}, "nan": NaN}"#,
        "nothing.json": "{}",
        "slip.json": #"{"candiate": {"size": 1}, "now": "2026-03-06T13:00:00Z"}"#,
        "traffic.json":
            #"{"candidate": {"requests": 1000, "errors": 100}, "stable": {"requests": 1000, "errors": 10}}"#,
        "rules.yaml": """
        apiVersion: headgate.dev/v1
        kind: Policy
        metadata: {name: drop}
        spec:
          at: [validate]
          params: {tolerance: 0.01}
          variables: [{name: drop, expression: champion.metrics.accuracy - candidate.metrics.accuracy}]
          rules: [{name: accuracy, expression: variables.drop <= params.tolerance}]
        ---
        apiVersion: headgate.dev/v1
        kind: Policy
        metadata: {name: who}
        spec: {at: [plan], rules: [{name: who, expression: commit.verified}]}
        """,
        "wrong.yaml": """
        apiVersion: headgate.dev/v1
        kind: Policy
        metadata: {name: wrong}
        spec:
          rules: [{name: a, expression: candidate.sise > 1}]
          at: [validate]
        """,
        "worse.json": #"{"candidate": {"metrics": {"accuracy": 0.5}}, "champion": {"metrics": {"accuracy": 0.75}}}"#,
        "tolerant.json": #"""
        {"candidate": {"metrics": {"accuracy": 0.5}}, "champion": {"metrics": {"accuracy": 0.75}},
         "params": {"tolerance": 0.5}}
        """#,
        "own.json": #"{"params": {"y": 1, "z": 2}, "variables": {"x": 3}}"#,
        "signer.json": #"{"commit": {"verified": false, "signer": "ada"}}"#,
        "mixed.json": #"{"candidate": {"errorRate": 0.1}, "stable": {"errorRate": 0.2}}"#,
    ]

    private func run(_ arguments: [String]) async throws -> CommandResult {
        let folder = FileManager.default.temporaryDirectory.appending(path: "headgate-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, text) in Self.files { try Data(text.utf8).write(to: folder.appending(path: name)) }
        return try await HeadgateProgram(in: folder.path).run(["policy", "eval"] + arguments)
    }

    private struct Case: CustomTestStringConvertible {
        let arguments: [String]
        let code: Int32
        var output = ""
        var errors = ""
        var testDescription: String { arguments.joined(separator: " ") }

        init(_ expression: String, _ options: String, _ code: Int32, output: String = "", errors: String = "") {
            arguments = [expression] + options.split(separator: " ").map(String.init)
            (self.code, self.output, self.errors) = (code, output, errors)
        }

        init(_ expression: String, _ code: Int32, output: String = "", errors: String = "") {
            self.init(expression, "", code, output: output, errors: errors)
        }

        static let all = [
            Case("1 + 1 == 2", 0, output: "true\ncost 2, estimated 0 to 2\n"), Case("1 + 1 == 3", 1, output: "false\n"),
            Case("-1 < 0", 0, output: "true\n"), Case("-count < 0", "--evidence plain.json", 0, output: "true\n"),
            Case(
                "type(candidate.metrics.epochs) == double && candidate.metrics.epochs == 5.0", "--evidence gate.json",
                0,
                output: "true\n"),
            Case(
                "now.getDayOfWeek('Europe/Berlin') != 5 || now.getHours('Europe/Berlin') < 12", "--evidence gate.json",
                1, output: "false\n"),
            Case("now - candidate.created", "--evidence gate.json", 0, output: "duration(\"450000s\")\n"),
            Case("candidate.metrics.accuracy", "--evidence gate.yaml", 0, output: "0.91\n"),
            Case(
                "candidate.metrics.loss > 0.0 || candidate.metrics.huge > 0.0", "--evidence gate.yaml", 2,
                output: "unknown: waits for candidate.metrics.huge, candidate.metrics.loss\n"),
            Case("champion == null", "--evidence nothing.json", 2, output: "unknown: waits for champion\n"),
            Case("champion.metrics.accuracy > 0.5", "--evidence gate.json", 2, errors: "champion is null here"),
            Case("true", "--evidence /dev/zero", 64, errors: "/dev/zero is larger than 16 MiB"),
            Case("true", "--evidence .", 64, errors: "headgate: . cannot be read"),
            Case(
                "candidate.metrics.loss < 1.0 && params.accuracy > 0.9", "--evidence gate.json", 2,
                output: "unknown: waits for candidate.metrics.loss\nleft: candidate.metrics.loss < 1.0\n"),
            Case(
                "candidate.metrics.huge < 1.0", "--evidence gate.json", 2,
                output: "unknown: waits for candidate.metrics.huge\n"),
            Case("nan < 1.0", "--evidence plain.json", 2, output: "unknown: waits for nan\n"),
            Case(
                "candidate.digst == ''", "--evidence gate.json", 64,
                errors: """
                    1:11: Version has no field 'digst'
                     | candidate.digst == ''
                     |           ^
                     = did you mean 'digest'?

                    """),
            Case(
                "true", "--evidence misspelt.json", 64,
                errors: "misspelt.json:2:17: error: Version has no field \"metrcs\" [candidate.metrcs]"),
            Case("count + 1 == 6 && tags[0] == 'x'", "--evidence plain.json", 0, output: "true\n"),
            Case(
                "true &&\n  scores.acuracy > 0.5", "--evidence plain.json", 2, output: "cost 2, estimated 0 to 3\n",
                errors: """
                    2:10: no such key: 'acuracy'
                     |   scores.acuracy > 0.5
                     |          ^
                     = did you mean 'accuracy'?

                    """),
            Case("1 / 0 == 1", 2, output: "cost 1,", errors: "1:3: division by zero\n | 1 / 0 == 1\n |   ^\n"),
            Case(
                "tags.all(t, t.matches('(x'))", "--evidence plain.json", 64,
                errors: "1:24: the regular expression is wrong"),
            Case("timestamp('2026') < timestamp('x')", 64, errors: "1:11: '2026' is no timestamp"),
            Case("tags.alll(t, t == 'x')", "--evidence plain.json", 64, errors: "1:6: there is no function 'alll'"),
            Case("candidate.errorRate < stable.errorRate", "--evidence mixed.json", 0, output: "true\n"),
            Case("candidate.errorRate < stable.errorRate", "--evidence mixed.json --plain", 0, output: "true\n"),
            Case(
                "candidate.errorRate < 1.0", "--evidence mixed.json --at rollout", 64, errors: "no evidence \"stable\""),
            Case(
                "candidate.errorRate < 1.0", "--evidence mixed.json --at rollout", 64,
                errors: "--at check takes the file as a check of a rollout does.\n"),
            Case(
                "candidate.errorRateNotWorse(stable, 0.05, 0.01)", "--evidence traffic.json", 1, output: "false\ncost",
                errors: "errorRate: rate 0.1 against 0.01"),
            Case(
                "queries.lag < 1.0 && stable.errors == 0", "--at check", 2,
                output: "unknown: waits for queries.lag, stable"),
            Case(
                "candidate.metrics.accuracy >= 0.9 && commit.author.name != 'x'", 64,
                errors: """
                     = evidence gives candidate, commit: name a JSON or YAML file with --evidence, such as {"candidate": \
                    {"metrics": {"accuracy": VALUE}}, "commit": {"author": {"name": VALUE}}}, or see what the value \
                    waits for with --at validate

                    """),
            Case(
                "candidate.metrics.accuracy >= 0.9", 64,
                errors: """
                    or see what the value waits for with --at validate
                     = a check of a rollout may ask this, too: --at check

                    """),
            Case("stable.errors == 0", 64, errors: "try it with --at check"),
            Case("candidate.requests > 5", "--evidence gate.json", 64, errors: "try it with --at check"),
            Case("candidate.metrics.epochs == 5", "--evidence gate.json --plain", 0, output: "true\n"),
            Case("candidate.digst == ''", "--evidence gate.json --plain", 2, errors: "there are created, metrics"),
            Case("candidate.size > 1", 64, errors: "--evidence"),
            Case("candidate.size > 1", "--evidence plain.json", 64, errors: "the file gives count, nan, scores, tags"),
            Case(
                "variables.drp > 1", "--evidence gate.json", 64,
                errors:
                    "variables are a policy's own: name its file with --policy, or add to gate.json {\"variables\": {\"drp\": VALUE}}\n"
            ),
            Case(
                "variables.x > params.y && params.z", "--at plan", 64,
                errors: """
                     = params and variables are a policy's own: name its file with --policy, or give with --evidence \
                    {"params": {"y": VALUE, "z": VALUE}, "variables": {"x": VALUE}}

                    """),
            Case("params.x > 1", 64, errors: " = params are a policy's own: name its file with --policy"),
            Case(
                "variables.drop <= params.tolerance", "--policy rules.yaml#drop --evidence worse.json", 1,
                output: "false\n"),
            Case(
                "variables.drop <= params.tolerance", "--policy rules.yaml#drop --evidence tolerant.json", 0,
                output: "true\n"),
            Case(
                "variables.drop <= params.tolerance", "--policy rules.yaml#drop", 2,
                output: "unknown: waits for candidate.metrics.accuracy, champion.metrics.accuracy\n"),
            Case("moment == 'plan'", "--policy rules.yaml#who", 0, output: "true\n"),
            Case(
                "variables.drp > 0.1", "--policy rules.yaml#drop", 64, errors: " = did you mean 'variables.drop'?\n"),
            Case(
                "true", "--policy rules.yaml", 64,
                errors: "rules.yaml has several policies: name one as rules.yaml#NAME; there are drop, who"),
            Case("true", "--policy rules.yaml#gone", 64, errors: "rules.yaml has no policy gone"),
            Case("true", "--policy gone.yaml", 64, errors: "there is no file or folder gone.yaml"),
            Case("true", "--policy wrong.yaml", 64, errors: "wrong.yaml:5:43: error: Version has no field 'sise'"),
            Case("true", "--policy rules.yaml#drop --plain", 64, errors: "leave out --plain"),
            Case(
                "true", "--policy rules.yaml#who --evidence own.json", 64,
                errors: "own.json:1:13: error: policy who has no params.y [params.y]"),
            Case("variables.x > params.y", "--at plan --evidence own.json", 0, output: "true\n"),
            Case(
                "commit.signer == 'ada'", "--evidence signer.json", 64,
                errors: "signer.json:1:32: error: a commit has a signer only if it is verified"),
            Case(
                "'\(String(repeating: "x", count: 16_384))' == ''", "--at plan", 64,
                errors: "the expression is longer than 16384 bytes"),
            Case(
                "lists.range(3000).all(x, x < 2500)", "--explain", 1,
                output: "lists.range(3000).all(x, x < 2500) → false\n"),
            Case(
                "candidate.size > 1", "--evidence slip.json", 64,
                errors: "a gate has no evidence \"candiate\"; did you mean \"candidate\"? (--at GATE"),
            Case("candidate.size > 1", "--at plan", 2, output: "unknown: waits for candidate.size\n"),
            Case(
                "candidate.metrics.accuracy > 0.9", "--evidence gate.json --at plan", 2,
                output: "unknown: waits for candidate.metrics.accuracy\nleft: candidate.metrics.accuracy > 0.9\n",
                errors: "unknown at plan, whatever the file gives: candidate, champion"),
            Case("moment", "--at release", 0, output: "\"release\"\n"),
            Case("true", "--at never", 64, errors: "never"), Case("true", "--at plan --plain", 64, errors: "exclude"),
            Case("true", "--explian", 64, errors: "Unknown option '--explian'"),
            Case("1", "< 2", 64, errors: "quote it"),
            Case("true", "--evidence gone.json", 64, errors: "headgate: gone.json cannot be read\n"),
            Case(
                "[b'a\\xff', timestamp('2026-01-01T00:00:00Z'), optional.of('\"'), int, {1u: null}, duration('3500ms')]",
                0,
                output:
                    #"[b"a\xff", timestamp("2026-01-01T00:00:00Z"), optional.of("\""), int, {1u: null}, duration("3.5s")]"#
            ),
        ]
    }

    @Test(arguments: Case.all)
    private func `the answer, its place and the exit code are as documented`(_ example: Case) async throws {
        let result = try await run(example.arguments)
        #expect(result.status == example.code, "\(result)")
        #expect(
            example.output.isEmpty
                ? result.output.isEmpty || example.code != 64 : result.output.hasPrefix(example.output), "\(result)")
        let saysSo = example.errors.isEmpty ? result.errors.isEmpty : result.errors.contains(example.errors)
        #expect(saysSo, "\(result)")
    }

    @Test func `an explanation follows the expression`() async throws {
        let result = try await run([
            "tags.exists(t, t == 'y') && candidate.metrics.accuracy >= params.accuracy || math.greatest(1, 2) == 2",
            "--explain", "--at", "validate", "--evidence", "gate.json",
        ])
        #expect(result.status == 64 && result.errors.contains("undeclared name 'tags'"))
        let long = try await run(["lists.range(3000).all(x, x < 2500)", "--explain"])
        #expect(
            long.lines.suffix(6).prefix(3) == [
                "  x < 2500 → true  [x = 1999]", "  … 500 turns are not shown", "  x < 2500 → false  [x = 2500]",
            ], "\(long.lines.suffix(8))")
        let explained = try await run([
            "['x', 'y'].exists(t, t == 'y') && candidate.metrics.accuracy >= params.accuracy", "--explain",
            "--evidence", "gate.json",
        ])
        #expect(
            explained.lines.filter { !$0.contains("candidate →") && !$0.contains("metrics →") } == [
                "['x', 'y'].exists(t, t == 'y') && candidate.metrics.accuracy >= params.accuracy → false",
                "  ['x', 'y'].exists(t, t == 'y') → true", "    t == 'y' → false  [t = \"x\"]",
                "    t == 'y' → true  [t = \"y\"]",
                "  candidate.metrics.accuracy >= params.accuracy → false", "    candidate.metrics.accuracy → 0.91",
                "    params.accuracy → 0.95", "      params → Params{accuracy: 0.95}", "false",
                "cost 24, estimated 0 to no bound", "",
            ], "\(explained)")
    }
}
