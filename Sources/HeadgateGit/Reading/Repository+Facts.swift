import CLibgit2
import HeadgateCore

extension Repository {
    /// What a commit says about itself; the signer is left open.
    func facts(of id: CommitID) throws(SourceError) -> CommitFacts {
        let commit = try Commit(id, in: self)
        var parents: [CommitID] = []
        for index in 0..<git_commit_parentcount(commit.pointer) {
            parents.append(try CommitID(git_commit_parent_id(commit.pointer, index).pointee))
        }
        let encoding = git_commit_message_encoding(commit.pointer).map { String(cString: $0).lowercased() }
        let author = Self.person(git_commit_author(commit.pointer), encoding)
        let committer = Self.person(git_commit_committer(commit.pointer), encoding)
        return CommitFacts(
            commit: id, parents: parents, author: author, committer: committer,
            message: Self.text(git_commit_message(commit.pointer), encoding),
            time: Instant(milliseconds: Self.milliseconds(git_commit_time(commit.pointer))),
            signature: try signature(of: id)?.armoured
        )
    }

    /// A commit's signature and the bytes that it signs; nil for one that is not signed.
    func signature(of id: CommitID) throws(SourceError) -> (armoured: String, signed: [UInt8])? {
        var signature = git_buf()
        var signed = git_buf()
        defer {
            git_buf_dispose(&signature)
            git_buf_dispose(&signed)
        }
        var name = git_oid(id)
        let code = git_commit_extract_signature(&signature, &signed, pointer, &name, nil)
        if code == GIT_ENOTFOUND.rawValue { return nil }
        try LibGit2.check(code, "cannot read the signature of \(id.short)")
        return (String(decoding: Self.bytes(signature), as: UTF8.self), Self.bytes(signed))
    }

    private static func bytes(_ buffer: git_buf) -> [UInt8] {
        buffer.ptr.map { Array(UnsafeRawBufferPointer(start: $0, count: buffer.size)) } ?? []
    }

    private static func person(_ signature: UnsafePointer<git_signature>?, _ encoding: String?) -> CommitFacts.Person {
        CommitFacts.Person(
            name: text(signature?.pointee.name, encoding), email: text(signature?.pointee.email, encoding))
    }

    private static func text(_ text: UnsafePointer<CChar>?, _ encoding: String?) -> String {
        guard let text else { return "" }
        guard let encoding, ["iso-8859-1", "latin1", "latin-1"].contains(encoding) else { return String(cString: text) }
        var scalars = String.UnicodeScalarView()
        var next = text
        while next.pointee != 0 {
            scalars.append(Unicode.Scalar(UInt8(bitPattern: next.pointee)))
            next += 1
        }
        return String(scalars)
    }

    // A commit may state any 64-bit time; one that milliseconds cannot hold is clamped.
    private static func milliseconds(_ seconds: git_time_t) -> Int64 {
        let (product, overflow) = Int64(seconds).multipliedReportingOverflow(by: 1000)
        return overflow ? (seconds < 0 ? .min : .max) : product
    }
}
