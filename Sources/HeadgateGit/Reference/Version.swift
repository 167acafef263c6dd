/// A semantic version as a tag names it, with or without a leading `v`.
package struct Version: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let major: UInt64
    package let minor: UInt64
    package let patch: UInt64
    /// Dot-separated identifiers after `-`; empty for a release.
    package let prerelease: [String]

    package init(_ major: UInt64, _ minor: UInt64 = 0, _ patch: UInt64 = 0, prerelease: [String] = []) {
        self.major = major
        self.minor = minor
        self.patch = patch
        self.prerelease = prerelease
    }

    /// Reads a text such as `1.2.3`, `v1.2.3-rc.1` or `1.2.3+build`, of which the build is dropped.
    package init?(_ text: some StringProtocol) {
        let body = text.hasPrefix("v") ? text.dropFirst() : text[...]
        let parts = body.split(separator: "+", maxSplits: 1, omittingEmptySubsequences: false)
        if parts.count == 2 {
            let build = parts[1].split(separator: ".", omittingEmptySubsequences: false)
            guard build.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(Self.isIdentifierByte) }) else { return nil }
        }
        let halves = parts[0].split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        let numbers = halves[0].split(separator: ".", omittingEmptySubsequences: false).map { Self.number($0) }
        guard numbers.count == 3, let major = numbers[0], let minor = numbers[1], let patch = numbers[2] else {
            return nil
        }
        var prerelease: [String] = []
        if halves.count == 2 {
            guard let identifiers = Self.prerelease(halves[1]) else { return nil }
            prerelease = identifiers
        }
        self.init(major, minor, patch, prerelease: prerelease)
    }

    package var description: String {
        "\(major).\(minor).\(patch)" + (prerelease.isEmpty ? "" : "-" + prerelease.joined(separator: "."))
    }

    /// Semantic Versioning 2.0.0, section 11.
    package static func < (left: Version, right: Version) -> Bool {
        let (own, other) = ((left.major, left.minor, left.patch), (right.major, right.minor, right.patch))
        if own != other { return own < other }
        if left.prerelease.isEmpty || right.prerelease.isEmpty {
            return !left.prerelease.isEmpty && right.prerelease.isEmpty
        }
        for (one, two) in zip(left.prerelease, right.prerelease) where one != two {
            switch (UInt64(one), UInt64(two)) {
            case (let one?, let two?): return one < two
            case (_?, nil): return true
            case (nil, _?): return false
            case (nil, nil): return one.utf8.lexicographicallyPrecedes(two.utf8)
            }
        }
        return left.prerelease.count < right.prerelease.count
    }

    /// A number without sign or leading zero.
    static func number(_ text: some StringProtocol) -> UInt64? {
        guard text.utf8.allSatisfy({ (48...57).contains($0) }), text.utf8.count == 1 || text.utf8.first != 48 else {
            return nil
        }
        return UInt64(text)
    }

    static func prerelease(_ text: some StringProtocol) -> [String]? {
        let identifiers = text.split(separator: ".", omittingEmptySubsequences: false)
        for identifier in identifiers {
            guard !identifier.isEmpty, identifier.utf8.allSatisfy(isIdentifierByte) else { return nil }
            let isNumeric = identifier.utf8.allSatisfy { (48...57).contains($0) }
            guard !isNumeric || number(identifier) != nil else { return nil }
        }
        return identifiers.map { String($0) }
    }

    private static func isIdentifierByte(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == UInt8(ascii: "-")
    }
}
