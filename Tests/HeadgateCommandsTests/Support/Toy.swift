import Foundation
import HeadgateTestSupport
import Testing

/// A model that needs nothing but a shell and Python: its accuracy is what `data.txt` says.
enum Toy {
    static let manifest = """
        apiVersion: headgate.dev/v1
        kind: Model
        metadata: {name: toy, labels: {team: cellar}}
        spec:
          pipeline:
            steps:
            - name: train
              command: [sh, train.sh]
              inputs: [train.sh, data.txt]
              outputs: [model/]
            - name: evaluate
              command: [sh, evaluate.sh]
              inputs: [evaluate.sh, model/]
              metrics: {file: metrics.json, names: {accuracy: double}}
          artifact: model/
          serve:
            inputs: [serve.py]
            command: [python3, serve.py, $(model), $(port)]
            ready: {path: /ready, within: 60s}
          policies: [floor]
        ---
        apiVersion: headgate.dev/v1
        kind: Policy
        metadata: {name: floor}
        spec:
          at: [validate]
          params: {floor: 0.5}
          rules:
          - name: accuracy
            expression: candidate.metrics.accuracy >= params.floor
            messageExpression: "'accuracy ' + string(candidate.metrics.accuracy) + ' is below ' + string(params.floor)"
        ---
        apiVersion: headgate.dev/v1
        kind: Deployment
        metadata: {name: toy}
        spec: {model: toy, target: local}

        """

    static func files(accuracy: String) -> [String: String?] {
        [
            "headgate.yaml": manifest, "data.txt": accuracy + "\n",
            "train.sh": """
            echo training on $(cat data.txt)
            mkdir -p model && cp data.txt model/weights

            """,
            "evaluate.sh": #"printf '{"accuracy": %s}' "$(cat model/weights)" > metrics.json"# + "\n",
            "serve.py": """
            import http.server, sys
            weights = open(sys.argv[1] + '/weights').read().strip()
            print('loading', weights)
            print('serving', weights, flush=True)
            class Handler(http.server.BaseHTTPRequestHandler):
                def log_message(self, *arguments): pass
                def do_GET(self):
                    body = weights.encode()
                    self.send_response(200)
                    self.send_header('Content-Length', str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                do_POST = do_GET
            http.server.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[2])), Handler).serve_forever()

            """,
        ]
    }
}

/// One controller on a toy repository for all tests of a suite: started before the first, ended after the last.
struct Living: SuiteTrait, TestScoping {
    struct World: Sendable {
        let repository: TemporaryRepository
        let controller: TestController

        var headgate: HeadgateProgram { controller.headgate }
    }

    @TaskLocal static var world: World?

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable @concurrent () async throws -> Void
    ) async throws {
        let repository = try await TemporaryRepository()
        try await repository.commit("Add the toy model", Toy.files(accuracy: "0.9"))
        let arguments = ["--repo", repository.path, "--branch", "main", "--poll", "200ms"]
        try await TestController.during(arguments, in: repository.folder) { controller in
            let world = World(repository: repository, controller: controller)
            try await world.controller.serves("0.9")
            try await Self.$world.withValue(world) { try await function() }
        }
    }
}

extension Trait where Self == Living {
    /// A controller that serves the toy model at accuracy 0.9.
    static var living: Self { Living() }
}

/// The world of a suite with the trait.
func world() throws -> Living.World { try #require(Living.world) }

/// A JSON object, to be looked into.
@dynamicMemberLookup
struct JSON {
    let members: [String: Any]

    init?(_ text: String) {
        guard let members = (try? JSONSerialization.jsonObject(with: Data(text.utf8))) as? [String: Any] else {
            return nil
        }
        self.members = members
    }

    subscript(name: String) -> Any? { members[name] }
    subscript(dynamicMember name: String) -> Any? { members[name] }

    static func list(_ text: String) -> [[String: Any]] {
        (try? JSONSerialization.jsonObject(with: Data(text.utf8))) as? [[String: Any]] ?? []
    }
}

extension TestController {
    /// Waits until what serves on a Deployment has an accuracy, and nothing more happens.
    func serves(_ accuracy: String, on name: String = "toy") async throws {
        let isThere = try await eventually {
            let found = try await headgate("describe", "deployment", name, "-o", "json")
            let versions = try await headgate("get", "versions", "-o", "json")
            guard let deployment = JSON(found.output), let champion = deployment["version"] as? String,
                deployment["rollout"] == nil
            else { return false }
            return JSON.list(versions.output).contains {
                $0["version"] as? String == champion
                    && "\(($0["metrics"] as? [String: Any])?["accuracy"] ?? "")" == accuracy
            }
        }
        try #require(isThere, "accuracy \(accuracy) never serves on \(name): \(log)")
    }
}
