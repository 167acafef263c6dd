/// A path below a repository's root: relative, normal, and free of what could lead out of it.
///
/// Components are separated by `/`; none is empty, `.`, `..` or any spelling of `.git`, and none holds NUL or a backslash.
package struct RepositoryPath: Hashable, Sendable, Comparable, Codable, CustomStringConvertible {
    /// The path; empty for the root.
    package let text: String

    /// The repository's root.
    package static let root = RepositoryPath(unchecked: "")

    private init(unchecked text: String) { self.text = text }

    /// Nil when the text is not such a path.
    ///
    /// A trailing slash is dropped.
    package init?(_ text: some StringProtocol) {
        guard let path = RepositoryPath.root.appending(text, mayAscend: false) else { return nil }
        self = path
    }

    /// Resolves a relative path, which may hold `.` and `..`; nil when it leaves the repository or is not allowed.
    package func resolving(_ relative: some StringProtocol) -> RepositoryPath? {
        appending(relative, mayAscend: true)
    }

    /// The components, outermost first.
    package var components: [Substring] { text.isEmpty ? [] : text.split(separator: "/") }

    /// The folder that holds this path; the root's parent is the root.
    package var parent: RepositoryPath {
        guard let slash = text.utf8.lastIndex(of: UInt8(ascii: "/")) else { return .root }
        return RepositoryPath(unchecked: String(text[..<slash]))
    }

    /// Whether this path is the other or lies below it.
    package func isWithin(_ other: RepositoryPath) -> Bool {
        if other.text.isEmpty || self == other { return true }
        return text.utf8.starts(with: other.text.utf8)
            && text.utf8.dropFirst(other.text.utf8.count).first == UInt8(ascii: "/")
    }

    /// This path as seen from a folder, with `..` where it must ascend; `.` for the folder itself.
    package func relative(to folder: RepositoryPath) -> String {
        let own = components
        let base = folder.components
        var shared = 0
        while shared < own.count, shared < base.count, own[shared].utf8.elementsEqual(base[shared].utf8) { shared += 1 }
        let parts = Array(repeating: "..", count: base.count - shared) + own[shared...].map(String.init)
        return parts.isEmpty ? "." : parts.joined(separator: "/")
    }

    package var description: String { text.isEmpty ? "." : text }

    package static func == (left: Self, right: Self) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }

    package func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }

    package static func < (left: Self, right: Self) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let path = RepositoryPath(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a repository path: \(text)")
        }
        self = path
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }

    private func appending(_ relative: some StringProtocol, mayAscend: Bool) -> RepositoryPath? {
        var relative = String(relative)
        guard relative.utf8.first != UInt8(ascii: "/"), relative.utf8.count <= 4096 else { return nil }
        if relative.withUTF8(Self.isNormal) {
            return RepositoryPath(unchecked: text.isEmpty ? relative : "\(text)/\(relative)")
        }
        var parts = components
        for part in relative.split(separator: "/", omittingEmptySubsequences: true) {
            if part == "." { continue }
            if part == ".." {
                guard mayAscend, parts.popLast() != nil else { return nil }
                continue
            }
            guard Self.isAllowed(part) else { return nil }
            parts.append(part)
        }
        return RepositoryPath(unchecked: parts.joined(separator: "/"))
    }

    /// Whether a path is allowed as it stands: a quick look that says no to all that needs a closer one.
    private static func isNormal(_ path: UnsafeBufferPointer<UInt8>) -> Bool {
        var isStart = true
        for byte in path {
            switch byte {
            case UInt8(ascii: "/"):
                guard !isStart else { return false }
                isStart = true
            // What starts with a dot or a G may be a spelling of what Git keeps for itself.
            case UInt8(ascii: "."), UInt8(ascii: "g"), UInt8(ascii: "G"):
                guard !isStart else { return false }
            case 0, UInt8(ascii: "\\"): return false
            default: isStart = false
            }
        }
        return !isStart
    }

    // Git itself refuses `.git` in any case, and its short name on FAT, since a checkout would overwrite the repository.
    private static func isAllowed(_ component: Substring) -> Bool {
        guard !component.utf8.contains(0), !component.utf8.contains(UInt8(ascii: "\\")) else { return false }
        let lowered = component.lowercased()
        return lowered != ".git" && lowered != "git~1"
    }
}
