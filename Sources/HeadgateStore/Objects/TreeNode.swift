import HeadgateCore

/// What a tree digest stands for.
///
/// Its text is canonical: entries sorted by the bytes of their paths, each path once, sizes in plain decimals. It begins
/// with a domain, and a single file has a text of its own, so that no file and no folder share a digest.
enum TreeNode: Equatable, Sendable {
    case file(content: Digest, executable: Bool)
    case folder([TreeEntry])

    private static let fileDomain = "headgate.dev/file/1\n"
    private static let folderDomain = "headgate.dev/folder/1\n"

    /// The text that is stored under the digest.
    var bytes: [UInt8] {
        switch self {
        case .file(let content, let executable):
            return Array(TreeDigest.fileText(content: content, executable: executable).utf8)
        case .folder(let entries):
            var bytes = Array(Self.folderDomain.utf8)
            for entry in entries { entry.append(to: &bytes) }
            return bytes
        }
    }

    var digest: TreeDigest { TreeDigest(Digest.of(bytes)) }

    /// Files by content.
    var contents: [(content: Digest, size: Int64?)] {
        switch self {
        case .file(let content, _): [(content, nil)]
        case .folder(let entries):
            entries.compactMap { entry in
                guard case .file(let content, let size, _) = entry.kind else { return nil }
                return (content, size)
            }
        }
    }

    /// Reads a text; nil for anything that ``bytes`` does not write.
    init?(_ bytes: [UInt8]) {
        if bytes.starts(with: Self.fileDomain.utf8) {
            var reader = NodeReader(bytes[Self.fileDomain.utf8.count...])
            guard let mode = reader.word(), let content = reader.line().flatMap({ Digest($0) }), reader.isAtEnd,
                mode == "file" || mode == "executable"
            else { return nil }
            self = .file(content: content, executable: mode == "executable")
        } else if bytes.starts(with: Self.folderDomain.utf8) {
            var reader = NodeReader(bytes[Self.folderDomain.utf8.count...])
            var entries: [TreeEntry] = []
            while !reader.isAtEnd {
                guard let entry = TreeEntry(&reader) else { return nil }
                if let last = entries.last, !last.path.utf8.lexicographicallyPrecedes(entry.path.utf8) { return nil }
                entries.append(entry)
            }
            self = .folder(entries)
        } else {
            return nil
        }
    }
}

/// One path of a stored folder.
struct TreeEntry: Equatable, Sendable {
    enum Kind: Equatable, Sendable {
        case file(content: Digest, size: Int64, executable: Bool)
        case link(target: String)
        /// A folder without entries; others follow from the paths.
        case emptyFolder
    }

    /// Relative and normal, components separated by `/`.
    let path: String
    let kind: Kind

    init(path: String, kind: Kind) {
        self.path = path
        self.kind = kind
    }

    fileprivate init?(_ reader: inout NodeReader) {
        switch reader.word() {
        case "file": self.init(&reader, executable: false)
        case "executable": self.init(&reader, executable: true)
        case "link":
            guard let target = reader.counted(), let path = reader.path() else { return nil }
            self.init(path: path, kind: .link(target: target))
        case "folder":
            guard let path = reader.path() else { return nil }
            self.init(path: path, kind: .emptyFolder)
        default: return nil
        }
    }

    private init?(_ reader: inout NodeReader, executable: Bool) {
        guard let size = reader.word().flatMap({ Int64($0) }), size >= 0,
            let content = reader.word().flatMap({ Digest($0) }), let path = reader.path()
        else { return nil }
        self.init(path: path, kind: .file(content: content, size: size, executable: executable))
    }

    fileprivate func append(to bytes: inout [UInt8]) {
        let facts =
            switch kind {
            case .file(let content, let size, let executable):
                "\(executable ? "executable" : "file") \(size) \(content.hex)"
            case .link(let target): "link \(target.utf8.count):\(target)"
            case .emptyFolder: "folder"
            }
        // A path states its length, since it may hold spaces and line ends.
        bytes.append(contentsOf: "\(facts) \(path.utf8.count):\(path)\n".utf8)
    }
}

/// Takes a node's text apart.
private struct NodeReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func word() -> String? { upTo(UInt8(ascii: " ")) }
    mutating func line() -> String? { upTo(UInt8(ascii: "\n")) }

    /// A text that states its length, and the space behind it.
    mutating func counted() -> String? {
        guard let text = text(), rest.popFirst() == UInt8(ascii: " ") else { return nil }
        return text
    }

    /// A path that states its length, and the line's end.
    mutating func path() -> String? {
        guard let path = text(), rest.popFirst() == UInt8(ascii: "\n") else { return nil }
        let isNormal = path.split(separator: "/", omittingEmptySubsequences: false)
            .allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." && !$0.utf8.contains(0) }
        return isNormal ? path : nil
    }

    private mutating func text() -> String? {
        guard let count = upTo(UInt8(ascii: ":")).flatMap({ Int($0) }), (0...rest.count).contains(count) else {
            return nil
        }
        defer { rest = rest.dropFirst(count) }
        return String(validating: rest.prefix(count), as: UTF8.self)
    }

    private mutating func upTo(_ end: UInt8) -> String? {
        guard let index = rest.firstIndex(of: end) else { return nil }
        defer { rest = rest[(index + 1)...] }
        return String(validating: rest[..<index], as: UTF8.self)
    }
}
