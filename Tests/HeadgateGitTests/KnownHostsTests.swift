import Foundation
import HeadgateTestSupport
import Testing

@testable import HeadgateGit

@Suite struct KnownHostsTests {
    private static let key = Array(Data(base64Encoded: line) ?? Data())
    private static let line = "AAAAC3NzaC1lZDI1NTE5AAAAIAabCdefghijklmnopqrstuvwxyz0123456789ABCDEF"

    @Test(arguments: [
        ("git.example ssh-ed25519 KEY", "git.example", nil as Int?, true),
        ("git.example ssh-ed25519 KEY", "git.example", 22, true),
        ("git.example ssh-ed25519 KEY", "git.example", 2222, false),
        ("[git.example]:2222 ssh-ed25519 KEY", "git.example", 2222, true),
        ("a,git.example,b ssh-ed25519 KEY comment", "git.example", nil, true),
        ("*.example ssh-ed25519 KEY", "git.example", nil, true),
        ("*.example,!git.example ssh-ed25519 KEY", "git.example", nil, false),
        ("git.exampl? ssh-ed25519 KEY", "git.example", nil, true),
        ("# git.example ssh-ed25519 KEY", "git.example", nil, false),
        ("@cert-authority git.example ssh-ed25519 KEY", "git.example", nil, false),
        ("git.example.evil ssh-ed25519 KEY", "git.example", nil, false),
    ])
    func `a line admits the hosts that it names`(_ line: String, _ host: String, _ port: Int?, _ isKnown: Bool) {
        let hosts = KnownHosts(line.replacing("KEY", with: Self.line))
        #expect(hosts.check(host: host, port: port, key: Self.key) == (isKnown ? .known : .unknown))
    }

    @Test func `hashed names are recognised`() async throws {
        let repository = try await TemporaryRepository()
        let file = "\(repository.folder)/known_hosts"
        try Data("git.example ssh-ed25519 \(Self.line)\n".utf8).write(to: URL(fileURLWithPath: file))
        try await TemporaryRepository.run("ssh-keygen", ["-q", "-H", "-f", file])
        let text = try String(contentsOfFile: file, encoding: .utf8)
        #expect(text.hasPrefix("|1|"))
        #expect(KnownHosts(text).check(host: "git.example", port: nil, key: Self.key) == .known)
        #expect(KnownHosts(text).check(host: "git.sample", port: nil, key: Self.key) == .unknown)
    }

    @Test func `a host with another key is different, not unknown`() {
        let hosts = KnownHosts("git.example ssh-ed25519 \(Self.line)")
        #expect(hosts.check(host: "git.example", port: nil, key: [1, 2, 3]) == .different(["ssh-ed25519"]))
    }
}
