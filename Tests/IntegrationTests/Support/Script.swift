import Foundation

/// What a story's repository holds, at the qualities that its acts ask for.
enum Script: String, Sendable, CaseIterable {
    /// Steps that take no time, and a model that answers with its own bytes.
    case stub
    /// The quickstart's own steps and model.
    case training

    enum Quality: String, Sendable {
        case first, worse, better, best
    }

    var deployment: String { self == .stub ? "echo" : "wine" }

    /// How long an act may take.
    var patience: Duration { self == .stub ? .seconds(120) : .seconds(900) }

    /// Files of the work tree; the stub's steps write what they do to the journal's folder.
    func files(_ quality: Quality, journal: String) throws -> [String: String] {
        switch self {
        case .stub:
            return [
                "headgate.yaml": Self.manifest(accuracy: Self.accuracy(quality), journal), "step.sh": Self.step,
                "serve.py": Self.server, "data": "data\n",
            ]
        case .training:
            return try Self.quickstart(quality)
        }
    }

    private static func accuracy(_ quality: Quality) -> String {
        switch quality {
        case .first: "0.90"
        case .worse: "0.50"
        case .better: "0.95"
        case .best: "0.97"
        }
    }

    private static func quickstart(_ quality: Quality) throws -> [String: String] {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("examples/quickstart/repo")
        var files: [String: String] = [:]
        for path in try FileManager.default.subpathsOfDirectory(atPath: folder.path) {
            let url = folder.appendingPathComponent(path)
            guard try url.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true else { continue }
            files[path] = try String(contentsOf: url, encoding: .utf8)
        }
        let params =
            switch quality {
            case .first: "trees: 10, depth: 2"
            case .worse: "trees: 1, depth: 1"
            case .better: "trees: 20, depth: 2"
            case .best: "trees: 20, depth: 3"
            }
        files["headgate.yaml"] = files["headgate.yaml"]?.replacingOccurrences(of: "trees: 10, depth: 2", with: params)
        return files
    }

    private static func manifest(accuracy: String, _ journal: String) -> String {
        """
        apiVersion: headgate.dev/v1
        kind: Model
        metadata: {name: echo}
        spec:
          pipeline:
            steps:
            - name: prepare
              command: [sh, step.sh, prepare, $(params.journal), ""]
              params: {journal: \(journal)}
              inputs: [step.sh, data]
              outputs: [prepared]
            - name: train
              command: [sh, step.sh, train, $(params.journal), $(params.accuracy)]
              params: {journal: \(journal), accuracy: "\(accuracy)"}
              inputs: [step.sh, prepared]
              outputs: [model]
            - name: evaluate
              command: [sh, step.sh, evaluate, $(params.journal), ""]
              params: {journal: \(journal)}
              inputs: [step.sh, model]
              metrics: {file: metrics.json, names: {accuracy: double}}
          artifact: model
          serve:
            inputs: [serve.py]
            command: [python3, serve.py, $(model), $(port)]
            ready: {path: /ready, within: 60s}
          policies: [not-worse-than-champion]
        ---
        apiVersion: headgate.dev/v1
        kind: Policy
        metadata: {name: not-worse-than-champion}
        spec:
          at: [validate]
          rules:
          - name: accuracy
            expression: champion == null || champion.metrics.accuracy - candidate.metrics.accuracy <= 0.01
        ---
        apiVersion: headgate.dev/v1
        kind: Deployment
        metadata: {name: echo}
        spec:
          model: echo
          target: local
          strategy: {rolling: {}}

        """
    }

    // Two live attempts at one key would both want the lock.
    private static let step = """
        set -eu
        step=$1 journal=$2
        name=$step-$(cat data prepared model 2>/dev/null | cksum | cut -d' ' -f1)-$3
        exec 9>"$journal/$name.lock"
        flock -n 9 || echo "$name" >>"$journal/overlaps"
        echo "$name" >>"$journal/attempts"
        sleep 0.1
        while [ -e "$journal/hold" ]; do sleep 0.05; done
        case $step in
        prepare) cp data prepared ;;
        train) printf '%s' "$3" >model ;;
        evaluate) printf '{"accuracy": %s}' "$(cat model)" >metrics.json ;;
        esac

        """

    private static let server = """
        import http.server, pathlib, sys
        body = pathlib.Path(sys.argv[1]).read_bytes()
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            def do_GET(self):
                self.send_response(200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            def log_message(self, *arguments):
                pass
        http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Handler).serve_forever()

        """
}
