import Foundation
import HeadgateTestSupport
import Testing

/// Webhooks of every Git host that is known, against a controller that polls once a day.
@Suite(.timeLimit(.minutes(10))) struct WebhookTests {
    private static let sign = """
        import hashlib, hmac, sys
        print(hmac.new(sys.argv[1].encode(), sys.argv[2].encode(), hashlib.sha256).hexdigest())
        """

    @Test func `a signed webhook makes its source be looked at, and any other is not found`() async throws {
        let repository = try await TemporaryRepository()
        try await repository.commit("One", ["headgate.yaml": ""])
        let (secret, body) = ("a secret that both know", #"{"ref": "refs/heads/main"}"#)
        try Data("\(secret)\n".utf8).write(to: URL(fileURLWithPath: "\(repository.folder)/hook"))
        let kinds = ["github", "gitlab", "gitea", "bitbucket", "generic"]
        let hooks = kinds.map { "  \($0): {kind: \($0), source: models, secretFile: \(repository.folder)/hook}\n" }
        let configuration = "\(repository.folder)/controller.yaml"
        try Data("sources: [{url: \(repository.path), poll: 1d}]\nwebhooks:\n\(hooks.joined())".utf8).write(
            to: URL(fileURLWithPath: configuration))
        let mac = try await TemporaryRepository.run("python3", ["-c", Self.sign, secret, body])
        let proofs = [
            "github": "X-Hub-Signature-256: sha256=\(mac)", "gitlab": "X-Gitlab-Token: \(secret)",
            "gitea": "X-Gitea-Signature: \(mac)", "bitbucket": "X-Hub-Signature: sha256=\(mac)",
            "generic": "X-Signature: sha256=\(mac)",
        ]
        try await TestController.during(["--config", configuration], in: repository.folder) { controller in
            func post(_ name: String, _ header: String, _ body: String) async throws -> String {
                try await TemporaryRepository.run(
                    "curl",
                    [
                        "-s", "-o", "/dev/null", "-w", "%{http_code}", "--unix-socket", "\(controller.state)/api.sock",
                        "-H", header, "-d", body, "http://headgate/hooks/\(name)",
                    ])
            }
            func isAt(_ subject: String) async throws -> Bool {
                try await controller.headgate("get", "sources").output.contains(subject)
            }
            #expect(try await eventually { try await isAt("One") }, "\(controller.log)")
            for (number, kind) in kinds.enumerated() {
                let proof = try #require(proofs[kind])
                try await repository.commit("Commit \(number) for \(kind)")
                #expect(
                    try await post(kind, proof.replacing("=\(mac.prefix(4))", with: "=0000"), body + " ") == "404"
                        || kind == "gitlab")
                #expect(try await post(kind, "X-Nothing: 1", body) == "404")
                #expect(try await post("nobody", proof, body) == "404")
                #expect(try await post(kind, proof, body) == "202")
                #expect(try await eventually { try await isAt("for \(kind)") }, "\(controller.log)")
            }
            #expect(!controller.log.contains(secret))
        }
    }
}
