/// A range of versions: `>=1.2.0 <2.0.0`, `^1.2`, `~1.4.2`, `1.x`, `1.2 - 1.4`, `1.x || 3.x`, `*`.
///
/// Comparators beside each other, with or without a comma, must all hold; of those around `||` one must.
/// A pre-release matches only where a comparator of the same alternative has one, as in `>=2.0.0-0`.
package struct VersionRange: Hashable, Sendable, CustomStringConvertible {
    package let description: String
    private let alternatives: [Alternative]

    /// Nil when the text is not a range.
    package init?(_ text: some StringProtocol) {
        var alternatives: [Alternative] = []
        for part in String(text).split(separator: "||", omittingEmptySubsequences: false) {
            guard let alternative = Alternative(part) else { return nil }
            alternatives.append(alternative)
        }
        self.alternatives = alternatives
        description = String(text)
    }

    package func contains(_ version: Version) -> Bool {
        alternatives.contains { $0.contains(version) }
    }

    /// The highest version of a set of tags, with the tag that names it.
    ///
    /// Of two tags for one version, such as `1.2.3` and `v1.2.3`, the first in UTF-8 order is taken.
    package func highest(of tags: some Sequence<String>) -> (tag: String, version: Version)? {
        var best: (tag: String, version: Version)?
        for tag in tags.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
            guard let version = Version(tag), contains(version) else { continue }
            if best.map({ $0.version < version }) ?? true { best = (tag, version) }
        }
        return best
    }
}

/// Bounds that must all hold.
private struct Alternative: Hashable, Sendable {
    private enum Bound: Hashable, Sendable {
        case atLeast(Version)
        case below(Version)
        case not(Version)
    }

    private var bounds: [Bound] = []
    private var admitsPrereleases = false

    init?(_ text: Substring) {
        let words = text.split { $0 == " " || $0 == "," || $0 == "\t" }.map(String.init)
        guard !words.isEmpty else { return nil }
        if words.count == 3, words[1] == "-" {
            guard add(">=", words[0]), add("<=", words[2]) else { return nil }
            return
        }
        var index = 0
        while index < words.count {
            let operation = String(words[index].prefix { "<>=!^~".contains($0) })
            var operand = String(words[index].dropFirst(operation.count))
            if operand.isEmpty, !operation.isEmpty, index + 1 < words.count {
                index += 1
                operand = words[index]
            }
            guard add(operation, operand) else { return nil }
            index += 1
        }
    }

    func contains(_ version: Version) -> Bool {
        guard version.prerelease.isEmpty || admitsPrereleases else { return false }
        return bounds.allSatisfy { bound in
            switch bound {
            case .atLeast(let least): version >= least
            case .below(let end): version < end
            case .not(let other): version != other
            }
        }
    }

    private mutating func add(_ operation: String, _ operand: String) -> Bool {
        guard let partial = PartialVersion(operand) else { return false }
        if !partial.prerelease.isEmpty { admitsPrereleases = true }
        let start = partial.start
        switch operation {
        case "", "=", "==": bounds += partial.isFull ? exactly(start) : span(from: start, to: partial.next)
        case "!=", "!":
            guard partial.isFull else { return false }
            bounds.append(.not(start))
        case ">=", "=>": bounds.append(.atLeast(start))
        case "<": bounds.append(.below(start))
        case ">":
            if partial.isFull {
                bounds += [.atLeast(start), .not(start)]
            } else if let next = partial.next {
                bounds.append(.atLeast(next))
            } else {
                return false
            }
        case "<=", "=<":
            if partial.isFull {
                bounds.append(.below(successor(of: start)))
            } else if let next = partial.next {
                bounds.append(.below(next))
            }
        case "~", "~>": bounds += span(from: start, to: partial.nextMinor)
        case "^": bounds += span(from: start, to: partial.nextIncompatible)
        default: return false
        }
        return true
    }

    private func exactly(_ version: Version) -> [Bound] { [.atLeast(version), .below(successor(of: version))] }

    private func span(from start: Version, to end: Version?) -> [Bound] {
        [.atLeast(start)] + (end.map { [.below($0)] } ?? [])
    }

    /// The version right above: nothing lies between `a` and `a.0` of a pre-release, or a release and `patch + 1-0`.
    private func successor(of version: Version) -> Version {
        if version.prerelease.isEmpty {
            return Version(version.major, version.minor, version.patch + 1, prerelease: ["0"])
        }
        return Version(version.major, version.minor, version.patch, prerelease: version.prerelease + ["0"])
    }
}

/// A version of which the last numbers may be missing or `x`.
private struct PartialVersion {
    let numbers: [UInt64]
    let prerelease: [String]

    init?(_ text: String) {
        let body = text.hasPrefix("v") ? text.dropFirst() : text[...]
        let plain = body.prefix { $0 != "+" }
        let halves = plain.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = halves.first, !first.isEmpty else { return nil }
        var numbers: [UInt64] = []
        var isOpen = false
        let parts = first.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 3 else { return nil }
        for part in parts {
            if part == "x" || part == "X" || part == "*" {
                isOpen = true
            } else {
                guard !isOpen, let number = Version.number(part), number < UInt64.max else { return nil }
                numbers.append(number)
            }
        }
        self.numbers = numbers
        guard halves.count == 2 else {
            prerelease = []
            return
        }
        guard numbers.count == 3, let identifiers = Version.prerelease(halves[1]) else { return nil }
        prerelease = identifiers
    }

    var isFull: Bool { numbers.count == 3 }

    var start: Version { Version(number(0), number(1), number(2), prerelease: prerelease) }

    /// The first version after all that this one stands for; nil for `*`.
    var next: Version? {
        switch numbers.count {
        case 0: nil
        case 1: before(number(0) + 1)
        case 2: before(number(0), number(1) + 1)
        default: before(number(0), number(1), number(2) + 1)
        }
    }

    var nextMinor: Version? {
        switch numbers.count {
        case 0: nil
        case 1: before(number(0) + 1)
        default: before(number(0), number(1) + 1)
        }
    }

    /// Where the leftmost number that is not zero changes.
    var nextIncompatible: Version? {
        if numbers.isEmpty { return nil }
        if number(0) > 0 || numbers.count == 1 { return before(number(0) + 1) }
        if number(1) > 0 || numbers.count == 2 { return before(0, number(1) + 1) }
        return before(0, 0, number(2) + 1)
    }

    private func number(_ index: Int) -> UInt64 { index < numbers.count ? numbers[index] : 0 }

    // The lowest pre-release, so that `^1.2` does not admit 2.0.0-rc.1.
    private func before(_ major: UInt64, _ minor: UInt64 = 0, _ patch: UInt64 = 0) -> Version {
        Version(major, minor, patch, prerelease: ["0"])
    }
}
