import Glibc
import HeadgateCore
import HeadgateTestSupport
import Testing

@testable import HeadgateProviders

@Suite struct LocalStepRunnerTests {
    let fixture: RunnerFixture

    init() throws { fixture = try RunnerFixture() }

    private func run(_ launch: StepLaunch) async -> StepOutcome { await fixture.runner().run(launch) }

    @Test func `a step sees its inputs and leaves its outputs and metrics`() async throws {
        let launch = try fixture.launch(
            """
            set -e
            mkdir -p model/deep; cat a.txt data/b.txt ../shared/c.txt > model/all; cp ../../top model/deep/top
            echo '{"accuracy": 0.5, "n": 3, "deep": {"x": [1, true, null, "é"]}}' > metrics.json
            stat -c %Y a.txt data data/b.txt | sort -u > model/times
            """,
            inputs: [
                fixture.tracked("a.txt", .file("a")), fixture.stored("data/", .folder(["b.txt": .file("b")])),
                fixture.tracked("../shared", .folder(["c.txt": .file("c")])), fixture.tracked("../../top", .file("t")),
            ], depth: 2, outputs: ["model/"], metrics: "metrics.json")
        let result = try #require(await run(launch).result)
        let model = try #require(result.outputs["model/"])
        #expect(
            fixture.store.node(model.tree)
                == .folder([
                    "all": .file("abc"), "deep": .folder(["top": .file("t")]), "times": .file("315532800\n"),
                ]))
        #expect(
            result.metrics
                == .object([
                    "accuracy": .number(0.5), "n": .integer(3),
                    "deep": .object(["x": .array([.integer(1), .bool(true), .null, .string("é")])]),
                ]))
        #expect(result.ended >= result.started)
        #expect(!Files.exists(fixture.scratch.path + "/state/runs/r1/workspace"))
    }

    @Test(arguments: [
        ("exit 3", "it printed nothing"), ("echo one; echo two >&2; exit 1", "one\ntwo"),
    ])
    func `a command that says no has failed, with its last words`(script: String, message: String) async throws {
        let code: Int32 = script == "exit 3" ? 3 : 1
        #expect(await run(try fixture.launch(script)) == .failed(exitCode: code, message: message))
    }

    @Test(arguments: [
        ("kill -9 $$", StepError.Code.signalled, true),
        ("sleep 1000", .timedOut, true),
        ("echo 'write: No space left on device' >&2; exit 1", .diskFull, true),
        ("touch other deep; mkdir -p x; touch x/y x/z.pyc", .output, false),
        ("echo changed > input", .output, false),
        ("rm -f input; ln -s /etc input", .output, false),
    ])
    func `an end that is no answer is an error`(script: String, code: StepError.Code, mayRetry: Bool) async throws {
        let launch = try fixture.launch(
            script, inputs: [fixture.tracked("input", .file("x"))], timeout: .seconds(1))
        let error = try #require(await run(launch).error)
        #expect(error.code == code)
        #expect(error.mayRetry == mayRetry)
    }

    @Test(arguments: [
        ("touch b", ["a", "b", "c/"], "declared but not written: a, c/"),
        ("touch a; mkdir -p d/e; touch d/e/f", ["a"], "written but not declared as an output: d/e/f"),
        ("mkdir a", ["a"], "output a is a folder: declare it as a/"),
        ("touch a", ["a/"], "output a/ is not what it is declared to be"),
        ("ln -s /etc a", ["a/"], "output a/ is a symbolic link"),
        ("ln -s /etc a", ["a/passwd"], "output a/passwd stands below a symbolic link"),
        ("mkfifo a", ["a"], "output a is not what it is declared to be"),
    ])
    func `outputs that are not as declared are named`(
        script: String, outputs: [String], message: String
    ) async throws {
        let error = try #require(await run(try fixture.launch(script, outputs: outputs)).error)
        #expect(error == StepError(.output, message, mayRetry: false))
    }

    @Test(arguments: [
        ("{\"a\": 1,}", "is not JSON: line 1, column 9: expected a name in quotes"),
        ("\n{\"a\": tru}", "is not JSON: line 2, column 7: expected a value"),
        ("[1]", "is not JSON: line 1, column 1: expected a JSON object"),
        ("", "is not JSON: line 2, column 1: expected a JSON object"),
        ("{\"a\": 1, \"a\": 2}", "is not JSON: line 1, column 10: the name a stands twice in one object"),
        ("{\"a\": 01}", "is not JSON: line 1, column 7: expected a value"),
        (nil, "was not written"),
    ])
    func `metrics that are not JSON are refused, with the place`(text: String?, reason: String) async throws {
        let script = text.map { "cat > m.json <<'END'\n\($0)\nEND\n" } ?? "exit 0"
        let error = try #require(await run(try fixture.launch(script, metrics: "m.json")).error)
        #expect(error.code == .metrics)
        #expect(!error.mayRetry)
        #expect(error.message.hasPrefix("metrics file m.json"))
        #expect(error.message.hasSuffix(reason), "\(error.message)")
    }

    @Test func `metrics that are no numbers stay no numbers, also for whoever asks again`() async throws {
        let launch = try fixture.launch(
            "echo '{\"a\": NaN, \"b\": -Infinity, \"c\": Infinity, \"d\": 1e999}' > m.json", metrics: "m.json")
        for _ in 0..<2 {
            guard case .object(let metrics) = try #require(await run(launch).result).metrics,
                case .number(let a) = metrics["a"]
            else {
                Issue.record("no metrics")
                return
            }
            #expect(a.isNaN)
            #expect(metrics["b"] == .number(-.infinity))
            #expect(metrics["c"] == .number(.infinity))
            #expect(metrics["d"] == .number(.infinity))
        }
    }

    @Test(arguments: [
        ["l": MemoryStore.Node.link("/etc/passwd")],
        ["l": .link("../../x")],
        ["d": .folder(["l": .link("../../..")])],
        // The kernel resolves `up/..` where `up` leads, which is shallower than where it stands.
        ["d": .folder(["e": .folder(["up": .link("../.."), "l": .link("up/../../x")])])],
        ["a": .link("b"), "b": .link("a")],
    ])
    func `a link that leads out is refused and named`(nodes: [String: MemoryStore.Node]) async throws {
        let launch = try fixture.launch("exit 0", inputs: [fixture.tracked("in", .folder(nodes))])
        let error = try #require(await run(launch).error)
        #expect(error.code == .input)
        #expect(!error.mayRetry)
        #expect(error.message.contains(" -> "), "\(error.message)")
    }

    @Test func `links that stay inside are kept, and no input is written through one`() async throws {
        let fine = try fixture.launch(
            "cat in/d/l > out",
            inputs: [
                fixture.tracked("in", .folder(["d": .folder(["l": .link("../f")]), "f": .file("x")]))
            ], outputs: ["out"])
        #expect(try #require(await run(fine).result).outputs["out"] != nil)
        let through = try fixture.launch(
            "exit 0", run: "r2",
            inputs: [fixture.tracked("in", .link("..")), fixture.tracked("in/f", .file("x"))])
        #expect(try #require(await run(through).error).message == "input in/f: in is an input itself, and not a folder")
    }

    @Test(arguments: ["../x", "/etc/x", "a/../../x"])
    func `an input that would stand outside is refused`(path: String) async throws {
        let launch = try fixture.launch("exit 0", inputs: [fixture.tracked(path, .file("x"))])
        #expect(try #require(await run(launch).error).message == "input \(path) leads out of the workspace")
    }

    @Test func `a step has only its own variables and folders`() async throws {
        setenv("HEADGATE_TEST_OUTSIDE", "leak", 1)
        let launch = try fixture.launch(
            "touch $HOME/h $TMPDIR/t; echo \"$TOKEN\"; env > out", outputs: ["out"], variables: ["OWN": "1"],
            secrets: ["TOKEN"])
        let outcome = await fixture.runner(secrets: ["TOKEN": "s3cr3t"]).run(launch)
        let result = try #require(outcome.result)
        let output = try #require(result.outputs["out"])
        guard case .file(let text, _) = fixture.store.node(output.tree) else { return }
        let names = text.split(separator: "\n").compactMap { $0.split(separator: "=").first }
        #expect(
            Set(names).subtracting(["OLDPWD", "SHLVL", "_"]) == [
                "HEADGATE_SHIM", "HOME", "LANG", "OWN", "PATH", "PWD", "PYTHONUNBUFFERED", "TMPDIR", "TOKEN",
            ])
        #expect(Files.read(fixture.runner().logPath(launch.run)) == "<secret>\n")
    }

    @Test func `a secret that is not configured stops the step before it starts`() async throws {
        let error = try #require(await run(try fixture.launch("exit 0", secrets: ["TOKEN"])).error)
        #expect(error.message == "there is no secret TOKEN: it belongs under secrets.TOKEN of the configuration")
    }

    @Test func `an output is stored in spite of a store that fails for a moment`() async throws {
        fixture.store.fail(with: [StorageError(.io, "a moment")])
        #expect(await run(try fixture.launch("touch out", outputs: ["out"])).result != nil)
        fixture.store.fail(with: [StorageError(.escapes, "out -> / leads out")])
        let error = try #require(await run(try fixture.launch("touch out", run: "r2", outputs: ["out"])).error)
        #expect(error == StepError(.output, "output out: out -> / leads out", mayRetry: false))
    }

    @Test func `no more steps run side by side than the limit says`() async throws {
        var fixture = fixture
        fixture.configuration.maxConcurrent = 1
        let runner = fixture.runner()
        let place = fixture.scratch.path + "/only-one"
        await withTaskGroup(of: StepOutcome.self) { group in
            for number in 1...4 {
                let launch = try? fixture.launch("mkdir \(place) && sleep 0.1 && rmdir \(place)", run: "r\(number)")
                group.addTask { if let launch { await runner.run(launch) } else { .cancelled } }
            }
            for await outcome in group { #expect(outcome.result != nil, "\(outcome)") }
        }
    }
}
