package import HeadgateCore

/// What of a repository is followed.
package enum TrackedReference: Hashable, Sendable, CustomStringConvertible {
    /// Whatever branch the remote calls its default.
    case head
    /// A branch, without `refs/heads/`.
    case branch(String)
    /// A tag, without `refs/tags/`.
    case tag(String)
    /// The highest version in a range among the tags.
    case versions(VersionRange)
    /// One commit, for ever.
    case commit(CommitID)

    package var description: String {
        switch self {
        case .head: "the default branch"
        case .branch(let name): "branch \(name)"
        case .tag(let name): "tag \(name)"
        case .versions(let range): "tags in \(range)"
        case .commit(let commit): "commit \(commit)"
        }
    }

    /// What the listing is narrowed to; a text that ends in `/` stands for all that begins with it.
    var listed: [String] {
        switch self {
        case .head: ["HEAD"]
        case .branch(let name): ["refs/heads/\(name)"]
        case .tag(let name): ["refs/tags/\(name)", "refs/tags/\(name)^{}"]
        case .versions: ["refs/tags/"]
        case .commit: []
        }
    }

    /// Refuses a name that Git would, and so every character with a meaning in a refspec.
    func validate() throws(SourceError) {
        switch self {
        case .branch(let name), .tag(let name):
            guard Self.isName(name) else {
                throw SourceError(.unsupported, "'\(name)' is not the name of a branch or tag")
            }
        case .head, .versions, .commit: break
        }
    }

    /// Where the listing says that the reference points; nil when it is not in it.
    func find(in listing: [RemoteReference]) -> (reference: String, commit: String)? {
        var byName: [String: RemoteReference] = [:]
        for reference in listing { byName[reference.name] = reference }
        switch self {
        case .head:
            guard let head = byName["HEAD"] else { return nil }
            return (head.branch ?? "HEAD", head.id)
        case .branch(let name): return byName["refs/heads/\(name)"].map { (name, $0.id) }
        case .tag(let name): return Self.tag(name, in: byName)
        case .versions(let range):
            let tags = byName.keys.filter { !$0.hasSuffix("^{}") }.map { String($0.dropFirst("refs/tags/".count)) }
            guard let best = range.highest(of: tags) else { return nil }
            return Self.tag(best.tag, in: byName)
        case .commit(let commit): return ("", commit.hex)
        }
    }

    // The `^{}` line of a listing gives the commit that an annotated tag names.
    private static func tag(_ name: String, in byName: [String: RemoteReference]) -> (String, String)? {
        let reference = byName["refs/tags/\(name)^{}"] ?? byName["refs/tags/\(name)"]
        return reference.map { (name, $0.id) }
    }

    private static func isName(_ name: String) -> Bool {
        let forbidden = Set("~^:?*[\\".utf8)
        guard !name.isEmpty, name.utf8.count <= 240, name.utf8.first != UInt8(ascii: "-"), !name.contains(".."),
            !name.contains("@{"), name != "@", !name.hasSuffix("."),
            name.utf8.allSatisfy({ $0 > 32 && $0 != 127 && !forbidden.contains($0) })
        else { return false }
        return name.split(separator: "/", omittingEmptySubsequences: false).allSatisfy {
            !$0.isEmpty && !$0.hasPrefix(".") && !$0.hasSuffix(".lock")
        }
    }
}
