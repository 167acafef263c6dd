import Foundation
import HeadgateTestSupport
import Testing

/// The steps of `examples/ci` that show a report on a pull request, with what they speak to played by a script.
@Suite(.timeLimit(.minutes(5))) struct CICommentTests {
    private let proposed: ProposedChange
    private let folder: String
    private let report: String

    init() async throws {
        proposed = try await ProposedChange(["data.txt": "0.95\n"])
        folder = try await proposed.run(.github).folder
        report = try String(contentsOfFile: "\(folder)/headgate-report/comment.md", encoding: .utf8)
    }

    /// The jobs of an example's file.
    private func job(_ file: String, _ path: String...) throws -> [String: Any] {
        try path.reduce(CIExample.yaml(file)) { try #require($0[$1] as? [String: Any]) }
    }

    @Test func `on GitHub the report becomes the one comment, by a job that runs nothing of the change`() async throws {
        let workflow = "github/.github/workflows/headgate.yml"
        let judging = try job(workflow, "jobs", "headgate")
        #expect(judging["permissions"] == nil && judging["container"] as? String == "ghcr.io/example/headgate:latest")
        #expect(try job(workflow, "permissions") as? [String: String] == ["contents": "read"])
        let comment = try job(workflow, "jobs", "comment")
        #expect(comment["permissions"] as? [String: String] == ["pull-requests": "write"])
        let condition = try #require(comment["if"] as? String)
        #expect(condition.contains("github.event.pull_request.head.repo.full_name == github.repository"))
        let steps = try #require(comment["steps"] as? [[String: Any]])
        #expect(!steps.contains { ($0["uses"] as? String)?.contains("checkout") == true })
        let text = try #require(steps.last?["run"] as? String)
        #expect(!text.contains("${{"), "an expression in a script lets a title be run as a script")
        let tools = "\(folder)/tools"
        try FileManager.default.createDirectory(atPath: tools, withIntermediateDirectories: true)
        // GitHub's own program, as far as it is used: it takes a file.
        try "#!/bin/sh\nprintf '%s\\n' \"$@\" >arguments\nfor last; do :; done\ncp \"$last\" body\n"
            .write(toFile: "\(tools)/gh", atomically: true, encoding: .utf8)
        chmod("\(tools)/gh", 0o755)
        _ = try await TemporaryRepository.run(
            "bash", ["--noprofile", "--norc", "-eo", "pipefail", "-c", text], in: folder,
            environment: [
                "PATH": "\(tools):\(ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")", "NUMBER": "7",
                "GITHUB_REPOSITORY": "cellar/models",
            ])
        let arguments = try String(contentsOfFile: "\(folder)/arguments", encoding: .utf8)
        let wanted = [
            "pr", "comment", "7", "--repo", "cellar/models", "--edit-last", "--create-if-none", "--body-file",
            "comment.md",
        ]
        #expect(arguments.split(separator: "\n").map(String.init) == wanted)
        #expect(try String(contentsOfFile: "\(folder)/body", encoding: .utf8) == report)
        #expect(report.contains("0.95") && !report.contains("plots/"), "\(report)")
    }

    /// A server that has notes, in which the step runs; it prints what it was asked.
    private static let notes = """
        import http.server, json, os, subprocess, sys, threading

        asked = []
        known = json.loads(sys.argv[2])

        class Notes(http.server.BaseHTTPRequestHandler):
            def answer(self):
                size = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(size)) if size else None
                asked.append([self.command, self.path, self.headers["PRIVATE-TOKEN"], body])
                data = json.dumps(known if self.command == "GET" else {"id": 1}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_PUT = do_POST = answer

            def log_message(self, *arguments):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Notes)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        os.environ["CI_API_V4_URL"] = f"http://127.0.0.1:{server.server_address[1]}/api/v4"
        code = subprocess.run(["bash", "-eo", "pipefail", "-c", sys.argv[1]]).returncode
        print(json.dumps(asked))
        sys.exit(code)
        """

    @Test(arguments: [
        (#"[{"id": 3, "body": "Nice"}]"#, "POST", ""),
        (#"[{"id": 3, "body": "Nice"}, {"id": 4, "body": "<!-- headgate -->\nold"}]"#, "PUT", "/4"),
    ])
    func `on GitLab the report becomes the one note`(_ known: String, _ method: String, _ note: String) async throws {
        let file = "gitlab/headgate.gitlab-ci.yml"
        let judging = try #require(try job(file, "headgate")["script"] as? [String])
        #expect(judging.joined().contains("markdown=headgate-report/comment.md"))
        let script = try #require(try job(file, "headgate-comment")["script"] as? [String]).joined(separator: "\n")
        let output = try await TemporaryRepository.run(
            "python3", ["-c", Self.notes, script, known], in: folder,
            environment: [
                "HEADGATE_COMMENT_TOKEN": "secret-token", "CI_PROJECT_ID": "5", "CI_MERGE_REQUEST_IID": "7",
            ])
        let asked = try #require(try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [[Any]])
        try #require(asked.count == 2)
        let notes = "/api/v4/projects/5/merge_requests/7/notes"
        #expect(asked[0][0] as? String == "GET" && (asked[0][1] as? String)?.hasPrefix("\(notes)?") == true)
        #expect(asked[1][0] as? String == method && asked[1][1] as? String == notes + note)
        #expect(asked.allSatisfy { $0[2] as? String == "secret-token" })
        #expect((asked[1][3] as? [String: String])?["body"] == "<!-- headgate -->\n" + report)
    }

    @Test func `what a fork does not get is not needed to find an image`() throws {
        for file in ["examples/ci/github/.github/workflows/headgate.yml", "docs/starter.md"] {
            let text = try String(contentsOfFile: "\(PythonTools.root)/\(file)", encoding: .utf8)
            #expect(text.contains("container: ghcr.io/example/headgate:latest") && !text.contains("vars."), "\(file)")
        }
    }
}
