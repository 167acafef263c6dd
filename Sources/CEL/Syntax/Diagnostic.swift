/// Something wrong with an expression, and where.
public struct Diagnostic: Sendable, Hashable {
    /// Where the diagnostic points.
    public let location: SourceLocation
    /// What is wrong, in one line.
    public let message: String
    /// What may have been meant, if there is a good guess.
    public let hint: String?
    /// The line of source with a caret under the place.
    public let excerpt: String

    /// The message, place, excerpt and hint on several lines.
    public var rendered: String {
        var text = "\(location.line):\(location.column): \(message)\n\(excerpt)"
        if let hint { text += "\n = \(hint)" }
        return text
    }
}

/// An expression was refused; every reason found is in `diagnostics`.
public struct CompilationError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong, in source order; never empty.
    public let diagnostics: [Diagnostic]

    /// All diagnostics, rendered.
    public var description: String {
        diagnostics.map(\.rendered).joined(separator: "\n")
    }
}

extension SourceText {
    func diagnostic(at offset: Int, _ message: String, hint: String? = nil) -> Diagnostic {
        let location = location(at: offset)
        return Diagnostic(location: location, message: message, hint: hint, excerpt: excerpt(at: location))
    }
}

/// The candidate nearest to `name` by edit distance, the first of several, if one is near enough to be a likely slip.
func nearestName(to name: String, among candidates: some Sequence<String>) -> String? {
    let wanted = Array(name.utf8.prefix(64))
    let allowed = wanted.count <= 3 ? 1 : max(2, wanted.count / 3)
    var best: (distance: Int, name: String)?
    for candidate in candidates {
        let distance = editDistance(wanted, Array(candidate.utf8.prefix(64)), limit: allowed)
        guard distance <= allowed else { continue }
        if let found = best, found.distance <= distance { continue }
        best = (distance, candidate)
    }
    return best?.name
}

/// Optimal string alignment distance; anything above `limit` may be reported as `limit + 1`.
private func editDistance(_ a: [UInt8], _ b: [UInt8], limit: Int) -> Int {
    guard abs(a.count - b.count) <= limit else { return limit + 1 }
    var beforePrevious = [Int](repeating: 0, count: b.count + 1)
    var previous = Array(0...b.count)
    for i in a.indices {
        var current = [i + 1] + [Int](repeating: 0, count: b.count)
        for j in b.indices {
            let substitution = previous[j] + (a[i] | 0x20 == b[j] | 0x20 ? 0 : 1)
            current[j + 1] = min(substitution, previous[j + 1] + 1, current[j] + 1)
            if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
                current[j + 1] = min(current[j + 1], beforePrevious[j - 1] + 1)
            }
        }
        (beforePrevious, previous) = (previous, current)
    }
    return previous[b.count]
}
