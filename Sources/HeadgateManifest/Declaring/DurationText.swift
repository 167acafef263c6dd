import HeadgateCore

/// Durations as manifests write them: whole numbers with units, largest first, such as `1h30m`.
package enum DurationText {
    private static let units: [(name: String, milliseconds: Int64)] = [
        ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
    ]

    /// No wait is longer than ten years, so that sums of some never overflow.
    private static let most: Int64 = 3650 * 86_400_000

    /// Nil when the text is not a duration.
    package static func parse(_ text: String) -> Duration? {
        var rest = text.utf8[...]
        var total: Int64 = 0
        var nextUnit = 0
        while !rest.isEmpty {
            let digits = rest.prefix { isDigit($0) }
            rest = rest.dropFirst(digits.count)
            let letters = rest.prefix { !isDigit($0) }
            rest = rest.dropFirst(letters.count)
            guard digits.count <= 15, let count = Int64(Substring(digits)),
                let unit = units[nextUnit...].firstIndex(where: { $0.name.utf8.elementsEqual(letters) }),
                count <= most / units[unit].milliseconds
            else { return nil }
            total += count * units[unit].milliseconds
            nextUnit = unit + 1
        }
        return text.isEmpty || total > most ? nil : .milliseconds(total)
    }

    /// The shortest text for it; `0s` for none.
    package static func format(_ duration: Duration) -> String {
        var left = duration.milliseconds
        guard left > 0 else { return "0s" }
        var text = ""
        for unit in units where left >= unit.milliseconds {
            text += "\(left / unit.milliseconds)\(unit.name)"
            left %= unit.milliseconds
        }
        return text
    }
}
