/// A version by the rules of Semantic Versioning 2.0.0.
///
/// Equal means of equal precedence: build metadata does not count.
struct SemanticVersion: Sendable, Hashable, Comparable {
    let major: Int64
    let minor: Int64
    let patch: Int64
    let preRelease: [Identifier]
    let build: [String]

    /// A part of a pre-release; numbers come before words.
    enum Identifier: Sendable, Hashable, Comparable {
        /// Digits without leading zeros, of any length.
        case number(String)
        /// Letters, digits and hyphens with at least one that is no digit.
        case word(String)

        var text: String {
            switch self {
            case .number(let text), .word(let text): text
            }
        }

        static func < (left: Identifier, right: Identifier) -> Bool {
            switch (left, right) {
            case (.number(let left), .number(let right)):
                (left.utf8.count, left) < (right.utf8.count, right)
            case (.number, .word): true
            case (.word, .number): false
            // Words are ASCII, for which Swift's order is that of the bytes.
            case (.word(let left), .word(let right)): left < right
            }
        }
    }

    /// Reads a version, or nil where the text is none.
    ///
    /// - Parameters:
    ///   - text: Such as `1.2.3-rc.1+linux`.
    ///   - normalizing: Also accept a leading `v`, missing minor and patch numbers and leading zeros, as Kubernetes
    ///     does on request: `v1.0` is `1.0.0`.
    init?(_ text: String, normalizing: Bool = false) {
        guard let version = normalizing ? Self.normalized(text) : text else { return nil }
        let (body, buildText) = Self.cut(version[...], at: "+")
        let (core, preReleaseText) = Self.cut(body, at: "-")
        let numbers = core.split(separator: ".", omittingEmptySubsequences: false)
        guard numbers.count == 3, let major = Self.number(numbers[0]), let minor = Self.number(numbers[1]),
            let patch = Self.number(numbers[2]), let build = Self.words(buildText),
            let preRelease = Self.words(preReleaseText)
        else { return nil }
        var identifiers: [Identifier] = []
        for word in preRelease {
            if word.utf8.allSatisfy(Self.isDigit) {
                guard word == "0" || word.utf8.first != UInt8(ascii: "0") else { return nil }
                identifiers.append(.number(word))
            } else {
                identifiers.append(.word(word))
            }
        }
        self.major = major
        self.minor = minor
        self.patch = patch
        self.preRelease = identifiers
        self.build = build
    }

    /// The version as the specification writes it.
    var text: String {
        var text = "\(major).\(minor).\(patch)"
        if !preRelease.isEmpty { text += "-" + preRelease.map(\.text).joined(separator: ".") }
        if !build.isEmpty { text += "+" + build.joined(separator: ".") }
        return text
    }

    /// -1, 0 or 1 as this comes before, with or after the other.
    func compare(to other: SemanticVersion) -> Int {
        self < other ? -1 : other < self ? 1 : 0
    }

    static func == (left: SemanticVersion, right: SemanticVersion) -> Bool {
        (left.major, left.minor, left.patch) == (right.major, right.minor, right.patch)
            && left.preRelease == right.preRelease
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(major)
        hasher.combine(minor)
        hasher.combine(patch)
        hasher.combine(preRelease)
    }

    static func < (left: SemanticVersion, right: SemanticVersion) -> Bool {
        let leftCore = (left.major, left.minor, left.patch)
        let rightCore = (right.major, right.minor, right.patch)
        guard leftCore == rightCore else { return leftCore < rightCore }
        // A release comes after its pre-releases.
        guard !left.preRelease.isEmpty, !right.preRelease.isEmpty else {
            return !left.preRelease.isEmpty && right.preRelease.isEmpty
        }
        return left.preRelease.lexicographicallyPrecedes(right.preRelease)
    }

    private static func normalized(_ text: String) -> String? {
        let body = text.hasPrefix("v") ? text.dropFirst() : text[...]
        var parts = body.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false).map { part in
            let digits = part.drop { $0 == "0" }
            guard part.utf8.count > 1 else { return String(part) }
            return digits.utf8.first.map(isDigit) == true ? String(digits) : "0" + digits
        }
        if parts.count < 3, let last = parts.last {
            guard !last.contains(where: { $0 == "+" || $0 == "-" }) else { return nil }
            while parts.count < 3 { parts.append("0") }
        }
        return parts.joined(separator: ".")
    }

    private static func cut(_ text: Substring, at separator: Character) -> (Substring, Substring?) {
        guard let index = text.firstIndex(of: separator) else { return (text, nil) }
        return (text[..<index], text[text.index(after: index)...])
    }

    private static func number(_ text: Substring) -> Int64? {
        guard !text.isEmpty, text.utf8.allSatisfy(isDigit), text == "0" || text.utf8.first != UInt8(ascii: "0")
        else { return nil }
        return Int64(text)
    }

    private static func words(_ text: Substring?) -> [String]? {
        guard let text else { return [] }
        let words = text.split(separator: ".", omittingEmptySubsequences: false)
        let areValid = words.allSatisfy { word in
            !word.isEmpty
                && word.utf8.allSatisfy { byte in
                    isDigit(byte) || byte == UInt8(ascii: "-")
                        || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                }
        }
        return areValid ? words.map(String.init) : nil
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
