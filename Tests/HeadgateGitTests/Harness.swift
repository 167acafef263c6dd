import Foundation
import HeadgateCore
import HeadgateGit
import HeadgateTestSupport
import Testing

/// A remote repository, and a mirror of it in a state folder beside it.
struct Harness {
    let upstream: TemporaryRepository
    let process = GitRemoteProcess(Harness.helper)

    var state: String { "\(upstream.folder)/state" }

    init(bare: Bool = false, objectFormat: String = "sha1") async throws {
        upstream = try await TemporaryRepository(bare: bare, objectFormat: objectFormat)
    }

    /// The program that serves the helper's protocol: one of its own if there is one beside the tests, else `headgate`.
    static let helper: GitRemoteProcess.Executable = {
        let headgate = HeadgateExecutable.path
        let own = URL(fileURLWithPath: headgate).deletingLastPathComponent().path + "/headgate-git-remote"
        return FileManager.default.isExecutableFile(atPath: own)
            ? .init(own) : .init(headgate, ["internal", "git-remote"])
    }()

    func mirror(
        _ reference: TrackedReference = .branch("main"), url: String? = nil, credentials: GitCredentials = .none,
        hostKeys: HostKeys = .text(""), certificates: String? = nil, limits: GitLimits = GitLimits(),
        signers: AllowedSigners = AllowedSigners()
    ) throws -> Mirror {
        let remote = try GitRemote(
            url: RemoteURL(url ?? upstream.url), credentials: credentials, hostKeys: hostKeys,
            certificates: certificates)
        return try Mirror(
            of: remote, reference, stateFolder: state, process: process, limits: limits, signers: signers)
    }

    /// A path that does not exist yet.
    func freshPath() -> String { "\(upstream.folder)/\(UUID().uuidString)" }
}

let patience = Duration.seconds(60)

extension Mirror {
    /// Asks for the tip and fetches it, as a tick does.
    @discardableResult
    func follow() async throws -> CommitID {
        let tip = try #require(try await tip(deadline: patience))
        try await fetch(tip, deadline: patience)
        return tip
    }

    func text(_ path: String, at commit: CommitID) throws -> String? {
        let path = try #require(RepositoryPath(path))
        guard let entry = try entries([path], at: commit)[path] else { return nil }
        return try read([entry.id], limit: 1 << 20)[entry.id].map { String(decoding: $0, as: UTF8.self) }
    }
}

/// Runs a call that has to fail, and gives its error.
func failure(_ body: () async throws -> Void) async throws -> SourceError {
    var thrown: (any Error)?
    do { try await body() } catch { thrown = error }
    return try #require(
        thrown as? SourceError, "it should have failed with a SourceError, not \(String(describing: thrown))")
}

func path(_ text: String) throws -> RepositoryPath { try #require(RepositoryPath(text)) }
