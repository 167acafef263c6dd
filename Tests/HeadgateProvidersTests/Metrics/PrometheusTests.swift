import AsyncHTTPClient
import Glibc
import HeadgateCore
import HeadgateTestSupport
import NIOCore
import NIOHTTP1
import Testing

@testable import HeadgateProviders

/// Against Prometheus itself, where it is installed: `HEADGATE_PROMETHEUS` names the folder of its programs.
@Suite(.enabled(if: getenv("HEADGATE_PROMETHEUS") != nil))
struct PrometheusTests {
    private let scratch: Scratch
    private let programs = getenv("HEADGATE_PROMETHEUS").map { String(cString: $0) } ?? ""

    init() throws { scratch = try Scratch() }

    private static let manifests = """
        apiVersion: headgate.dev/v1
        kind: Model
        metadata: {name: wine}
        spec:
          artifact: model.txt
          serve: {inputs: [serve.py], command: [python3, serve.py, $(port)], ready: {path: /ready}}
        ---
        apiVersion: headgate.dev/v1
        kind: Deployment
        metadata: {name: wine}
        spec: {model: wine, target: local}
        """

    private static let server = """
        import http.server, sys
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(500 if self.path == "/broken" else 200)
                self.end_headers()
                self.wfile.write(b'{"quality": {"score": 0.75, "best": [1, 2]}}')
            def log_message(self, *arguments):
                pass
        http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
        """

    /// A controller that serves a model, and a Prometheus that scrapes it, while the body runs.
    private func run(_ body: (_ api: String, _ model: String, _ prometheus: String) async throws -> Void) async throws {
        let repository = try await TemporaryRepository("wine")
        try await repository.commit(
            "Add", ["headgate.yaml": Self.manifests, "model.txt": "m", "serve.py": Self.server])
        let register = PortRegister()
        let ports = try (0..<2).map { _ in try #require(register.take()) }
        let (api, prometheus) = ("127.0.0.1:\(ports[0])", "127.0.0.1:\(ports[1])")
        let state = scratch.path + "/state"
        Files.write(
            """
            global: {scrape_interval: 1s, scrape_timeout: 1s}
            scrape_configs:
            - {job_name: headgate, static_configs: [{targets: ["\(api)"]}]}
            """, to: scratch.path + "/prometheus.yml")
        let processes = [
            try start(
                "controller",
                [
                    HeadgateExecutable.path, "run", "--state", state, "--repo", repository.url, "--listen", api,
                ]),
            try start(
                "prometheus",
                [
                    programs + "/prometheus", "--config.file=\(scratch.path)/prometheus.yml",
                    "--storage.tsdb.path=\(scratch.path)/tsdb", "--web.listen-address=\(prometheus)",
                ]),
        ]
        do {
            let router = ShimProcess(folder: state + "/targets/0/router-process")
            var address: String?
            #expect(
                await eventually {
                    guard let text = Files.read(state + "/targets/0/router/router.json"),
                        case .object(let record)? = try? JSONFile.decode(JSONValue.self, Array(text.utf8)),
                        case .string(let found)? = record["address"]
                    else { return false }
                    address = "http://\(found)/wine"
                    return await fetch("http://\(found)/wine/x")?.status == 200
                }, "\(LocalFiles.tail(processes[0].logPath))")
            try await body("http://" + api, try #require(address), "http://" + prometheus)
            try await end(processes + [router], state)
        } catch {
            try await end(processes, state)
            throw error
        }
    }

    private func start(_ name: String, _ command: [String]) throws -> ShimProcess {
        let shim = ShimProcess(folder: scratch.path + "/" + name)
        let spec = ShimSpec(
            command: command, directory: scratch.path, environment: ["PATH": "/usr/bin:/bin", "HOME": scratch.path],
            mode: .once(timeout: .seconds(1200)), grace: .seconds(10))
        _ = try shim.start(spec, executable: HeadgateExecutable.path)
        return shim
    }

    private func end(_ processes: [ShimProcess], _ state: String) async throws {
        var all = processes
        let serving = state + "/targets/0/serving"
        for deployment in Files.names(serving) {
            for version in Files.names(serving + "/" + deployment) {
                let replicas = "\(serving)/\(deployment)/\(version)/replicas"
                all += Files.names(replicas).map { ShimProcess(folder: replicas + "/" + $0) }
            }
        }
        all.append(ShimProcess(folder: state + "/targets/0/router-process"))
        for shim in all { shim.terminate() }
        for shim in all { _ = try await shim.ended() }
    }

    private func fetch(_ url: String) async -> (status: UInt, body: String)? {
        guard
            let response = try? await InferenceFixture.client.execute(
                HTTPClientRequest(url: url), timeout: .seconds(30)),
            let body = try? await response.body.collect(upTo: 1 << 22)
        else { return nil }
        return (response.status.code, String(buffer: body))
    }

    private func ask(_ name: String, _ provider: MetricQuery.Provider) async -> QueryValue? {
        await MetricQueries().values(of: [MetricQuery(name: name, provider: provider)], deadline: .seconds(30))[name]
    }

    @Test func `checks read what Prometheus scraped of controller and router, and promtool is content with it`()
        async throws
    {
        try await run { api, model, prometheus in
            for _ in 0..<30 { _ = await fetch(model + "/x") }
            for _ in 0..<10 { _ = await fetch(model + "/broken") }
            let text = try #require(await fetch(api + "/metrics")).body
            #expect(text.contains("headgate_router_requests_total{router="))
            #expect(text.contains("headgate_deployment_ready{source="))
            try await expectWellFormed(text)

            let errors = "sum(headgate_router_request_errors_total)"
            let isScraped = await eventually {
                await ask("q", .prometheus(address: prometheus, query: errors, range: nil)) == .number(10)
            }
            #expect(isScraped)
            let share = "sum(headgate_router_request_errors_total) / sum(headgate_router_requests_total) < bool 0.5"
            let instant = await ask("q", .prometheus(address: prometheus + "/", query: share, range: nil))
            #expect(instant == .number(1))
            let joined = """
                sum(headgate_router_requests_total * on (source, deployment) group_left headgate_deployment_ready)
                  - sum(headgate_router_requests_total)
                """
            #expect(await ask("q", .prometheus(address: prometheus, query: joined, range: nil)) == .number(0))
            let same = """
                count(headgate_router_weight_ratio == on (source, deployment, version) headgate_deployment_weight_ratio)
                """
            #expect(await ask("q", .prometheus(address: prometheus, query: same, range: nil)) == .number(1))
            let weight = "headgate_router_weight_ratio{deployment=\"wine\"}"
            let ranged = await ask("q", .prometheus(address: prometheus, query: weight, range: .seconds(60)))
            #expect(ranged == .number(1))
            let scalar = await ask("q", .prometheus(address: prometheus, query: "scalar(vector(1 + 1))", range: nil))
            #expect(scalar == .number(2))
            let bad: [(query: String, message: String)] = [
                ("headgate_router_requsts_total", "no series matches"), ("0 / 0", "not a finite number"),
                ("1 / 0", "not a finite number"), ("headgate_objects", "4 series match"), ("sum(", "answered 400"),
                ("\"text\"", "the result's type is not known"),
            ]
            for (query, message) in bad {
                let value = await ask("q", .prometheus(address: prometheus, query: query, range: nil))
                guard case .missing(let reason)? = value else {
                    Issue.record("\(query) gave \(String(describing: value))")
                    continue
                }
                #expect(reason.contains(message), "\(query): \(reason)")
            }
            let score = await ask("q", .json(url: model + "/quality", pointer: "/quality/best/1"))
            #expect(score == .number(2))
            let command = await ask("q", .command(["sh", "-c", "echo 0.25"]))
            #expect(command == .number(0.25))
        }
    }

    @Test func `the alerts that the documentation gives are rules to promtool`() async throws {
        let root = #filePath.split(separator: "/Tests/", maxSplits: 1)[0]
        let text = try #require(Files.read("\(root)/docs/operations.md"))
        let rules = try #require(
            text.split(separator: "```yaml\n").first { $0.hasPrefix("groups:") }?.split(separator: "```").first)
        Files.write(String(rules), to: scratch.path + "/rules.yaml")
        let shim = try start("promtool", [programs + "/promtool", "check", "rules", scratch.path + "/rules.yaml"])
        let exit = try await shim.ended()
        #expect(exit?.outcome == .exited(0), "\(Files.read(shim.logPath) ?? "")")
        #expect(Files.read(shim.logPath)?.contains("4 rules found") == true)
    }

    private func expectWellFormed(_ text: String) async throws {
        Files.write(text, to: scratch.path + "/metrics.txt")
        let shim = try start(
            "promtool", ["sh", "-c", "exec \(programs)/promtool check metrics < \(scratch.path)/metrics.txt"])
        let exit = try await shim.ended()
        #expect(exit?.outcome == .exited(0), "\(Files.read(shim.logPath) ?? "")")
        #expect((Files.read(shim.logPath) ?? "") == "")
    }
}
