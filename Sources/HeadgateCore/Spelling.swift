/// Guesses what a misspelt name was meant to be.
package enum Spelling {
    /// The nearest of some names, if one is near enough to be a likely slip.
    package static func nearest(to name: String, among candidates: some Sequence<String>) -> String? {
        let wanted = folded(name)
        let allowed = wanted.count <= 3 ? 1 : max(2, wanted.count / 3)
        var best: (distance: Int, name: String)?
        for candidate in candidates {
            let letters = folded(candidate)
            guard abs(letters.count - wanted.count) <= allowed else { continue }
            let distance = distance(wanted, letters)
            guard distance <= allowed, distance < max(wanted.count, letters.count) else { continue }
            if let found = best, (found.distance, found.name) <= (distance, candidate) { continue }
            best = (distance, candidate)
        }
        return best?.name
    }

    /// `did you mean "command"?`, or the list of what is known when that is short.
    package static func hint(for name: String, among known: some Collection<String>, called what: String) -> String? {
        if let nearest = nearest(to: name, among: known) { return "did you mean \"\(nearest)\"?" }
        guard (1...16).contains(known.count) else { return nil }
        return "known \(what): \(known.joined(separator: ", "))"
    }

    // Case and separators are not what a slip is about: `min_samples` is `minSamples`.
    private static func folded(_ name: String) -> [UInt8] {
        name.utf8.prefix(64).compactMap { byte in
            switch byte {
            case UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: " "): nil
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte | 0x20
            default: byte
            }
        }
    }

    /// The number of insertions, deletions, substitutions and swaps of neighbours between two texts.
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var older: [Int] = []
        var old = Array(0...right.count)
        for (row, letter) in left.enumerated() {
            var new = [row + 1]
            new.reserveCapacity(right.count + 1)
            for (column, other) in right.enumerated() {
                var cost = min(old[column] + (letter == other ? 0 : 1), old[column + 1] + 1, new[column] + 1)
                if row > 0, column > 0, letter == right[column - 1], left[row - 1] == other {
                    cost = min(cost, older[column - 1] + 1)
                }
                new.append(cost)
            }
            (older, old) = (old, new)
        }
        return old[right.count]
    }
}
