import CLibgit2
import HeadgateCore

extension git_oid {
    /// Nil unless the text is 40 hex digits.
    init?(hex: String) {
        guard hex.utf8.count == Int(GIT_OID_HEXSZ) else { return nil }
        self.init()
        guard git_oid_fromstr(&self, hex) == 0 else { return nil }
    }

    init(_ commit: CommitID) {
        self.init()
        // A CommitID is 40 hex digits by construction, which is all that the call checks.
        _ = git_oid_fromstr(&self, commit.hex)
    }

    var hex: String {
        withUnsafeBytes(of: id) { Hex.encode($0) }
    }

    func isSame(as other: git_oid) -> Bool {
        withUnsafeBytes(of: id) { own in
            withUnsafeBytes(of: other.id) { own.elementsEqual($0) }
        }
    }
}

extension CommitID {
    init(_ name: git_oid) throws(SourceError) {
        guard let commit = CommitID(name.hex) else { throw SourceError(.corrupted, "\(name.hex) is not a commit id") }
        self = commit
    }
}
