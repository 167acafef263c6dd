import Foundation
import HeadgateCore

/// Policies from outside of the watched repository, which no change of it touches.
struct ProtectedPolicies: Sendable {
    static let none = ProtectedPolicies(source: nil, desired: DesiredState())

    let source: SourceName?
    let desired: DesiredState

    private init(source: SourceName?, desired: DesiredState) {
        self.source = source
        self.desired = desired
    }

    /// Reads the policies of a folder, as they are on disk.
    ///
    /// - Throws: ``SourceError`` for a folder that is not there or holds no policy, and for a manifest in error: what
    ///   protects must not vanish by a slip.
    init(folder: String) async throws(SourceError) {
        let root = URL(fileURLWithPath: folder).standardizedFileURL.resolvingSymlinksInPath()
        // Places begin with the folder's name, so that nobody takes them for lines of the repository.
        let parent = root.deletingLastPathComponent().path.split(separator: "/").map { "/\($0)" }.joined()
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: root.path, isDirectory: &isFolder), isFolder.boolValue,
            let name = RepositoryPath(root.lastPathComponent), name != .root
        else { throw SourceError(.notFound, "protected policies: \(folder) is not a folder") }
        let source = SourceName("protected").orDie("a constant name")
        let maker = ManifestSnapshots(
            source: source, repository: WorkTree(root: parent, followsLinks: true), path: name, reference: "worktree")
        let desired: DesiredState
        do {
            desired = try await maker.snapshot(of: WorkTree.commit).desired
        } catch {
            throw SourceError(error.code, "protected policies: \(error.message)")
        }
        if let error = desired.diagnostics.first(where: { $0.severity == .error }) {
            throw SourceError(.corrupted, "protected policies: \(parent)/\(error)")
        }
        guard !desired.policies.isEmpty else {
            throw SourceError(.notFound, "protected policies: \(root.path) holds no policy")
        }
        self.init(source: source, desired: desired)
    }

    /// Those that select something, or everything for want of a `match`; in order of name.
    func guarding(_ labels: [[String: String]]) -> [PolicyGuard] {
        guard let source else { return [] }
        return desired.policies.filter { _, policy in
            guard let match = policy.spec.match else { return true }
            return labels.contains { match.selects($0) }
        }.keys.sorted().map { PolicyGuard($0, in: desired, source: source) }
    }

    /// The policies as a source's own; one without a `match` selects everything.
    var policies: [PolicyName: Object<PolicySpec>] {
        desired.policies.mapValues { policy in
            var policy = policy
            policy.spec.match = policy.spec.match ?? PolicyMatch()
            return policy
        }
    }
}
