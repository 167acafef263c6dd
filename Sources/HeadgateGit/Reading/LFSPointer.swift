import HeadgateCore

/// What Git LFS commits in place of a large file, by the first version of its specification.
struct LFSPointer {
    private static let version = "version https://git-lfs.github.com/spec/v1\n"

    let sha256: Digest
    let size: Int64

    /// Whether a file can be nothing but a pointer.
    ///
    /// A real one has some 130 bytes; 1024 is the format's own limit.
    static func isMeant(by content: UnsafeRawBufferPointer) -> Bool {
        content.count < 1024 && content.starts(with: version.utf8)
    }

    init(_ content: UnsafeRawBufferPointer, _ path: RepositoryPath) throws(SourceError) {
        var fields: [Substring: Substring] = [:]
        for line in String(decoding: content, as: UTF8.self).split(separator: "\n").dropFirst() {
            let parts = line.split(separator: " ", maxSplits: 1)
            guard parts.count == 2, fields.updateValue(parts[1], forKey: parts[0]) == nil else {
                throw Self.refusal(path, "its line '\(line)' is not like 'key value', or is there twice")
            }
            guard !line.hasPrefix("ext-") else { throw Self.refusal(path, "it needs an extension of Git LFS") }
        }
        guard let object = fields["oid"], object.hasPrefix("sha256:"), let sha256 = Digest(object) else {
            throw Self.refusal(path, "it names no content by 'oid sha256:…'")
        }
        guard let size = fields["size"].flatMap({ Int64($0) }), size >= 0 else {
            throw Self.refusal(path, "it says no size")
        }
        self.sha256 = sha256
        self.size = size
    }

    private static func refusal(_ path: RepositoryPath, _ reason: String) -> SourceError {
        let what = path == .root ? "the file" : path.text
        return SourceError(.unsupported, "\(what) is a Git LFS pointer that cannot be followed: \(reason)")
    }
}
