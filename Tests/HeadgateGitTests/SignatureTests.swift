import Foundation
import HeadgateCore
import HeadgateGit
import HeadgateTestSupport
import Testing

@Suite struct SignatureTests {
    @Test func `a commit's signer is the one whose key signed it`() async throws {
        let harness = try await Harness()
        let repository = harness.upstream
        let ada = try await makeKey("ada", in: repository)
        let eve = try await makeKey("eve", in: repository)
        let signed = try await commit("Signed", by: "ada", in: repository)
        let unsigned = try await repository.commit("Unsigned")
        let stranger = try await commit("Strange", by: "eve", in: repository)

        let lines = """
            # those who may sign
            ada@example.org,ada namespaces="git,file" \(ada)
            old@example.org valid-before="20200101" \(eve)
            other@example.org namespaces="file" \(eve)
            """
        let mirror = try harness.mirror(signers: AllowedSigners(lines))
        try await mirror.follow()
        let facts = try await mirror.facts(of: signed)
        #expect(facts.signer == "ada@example.org")
        #expect(facts.signature?.hasPrefix("-----BEGIN SSH SIGNATURE-----") == true)
        #expect(try await mirror.facts(of: unsigned).signer == nil)
        #expect(try await mirror.facts(of: stranger).signer == nil)
        #expect(try await mirror.facts(of: stranger).signature != nil)

        let admitting = try harness.mirror(signers: AllowedSigners("eve valid-after=\"20200101Z\" \(eve)"))
        #expect(try await admitting.facts(of: stranger).signer == "eve")
        #expect(try await harness.mirror().facts(of: signed).signer == nil)
    }

    @Test func `a signature that was moved to another commit proves nothing`() async throws {
        let harness = try await Harness()
        let repository = harness.upstream
        let ada = try await makeKey("ada", in: repository)
        let signed = try await commit("Signed", by: "ada", in: repository)
        let raw = try await repository.git("cat-file", "commit", signed.hex)
        let file = "\(repository.folder)/forged"
        try Data((raw.replacing("Signed", with: "Forged") + "\n").utf8).write(to: URL(fileURLWithPath: file))
        let forged = try await repository.git("hash-object", "-t", "commit", "-w", file)
        try await repository.git("update-ref", "refs/heads/main", forged)
        let mirror = try harness.mirror(signers: AllowedSigners("ada \(ada)"))
        let tip = try await mirror.follow()
        let facts = try await mirror.facts(of: tip)
        #expect(facts.subject == "Forged" && facts.signature != nil && facts.signer == nil)
    }

    @Test(arguments: ["ada", "ada ssh-ed25519", "ada ssh-ed25519 !!!", "ada unknown-option ssh-ed25519 AAAA"])
    func `a line that cannot be understood is named`(_ line: String) {
        let error = #expect(throws: SourceError.self) { try AllowedSigners("\n\(line)") }
        #expect(error?.message.contains("line 2") == true)
    }

    private func makeKey(_ name: String, in repository: TemporaryRepository) async throws -> String {
        let path = "\(repository.folder)/\(name)"
        try await TemporaryRepository.run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", path])
        return try String(contentsOfFile: "\(path).pub", encoding: .utf8).trimmingCharacters(in: .newlines)
    }

    private func commit(_ message: String, by key: String, in repository: TemporaryRepository) async throws -> CommitID
    {
        let settings = ["gpg.format=ssh", "user.signingKey=\(repository.folder)/\(key).pub"]
        try await repository.git("commit", "-q", "--allow-empty", "-S", "-m", message, settings: settings)
        return try await repository.resolve("HEAD")
    }
}
