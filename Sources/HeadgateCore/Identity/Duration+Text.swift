extension Duration {
    /// Reads `30s`, `5m`, `1h30m`, `7d` or `250ms`; nil for anything else, and for what is too long for milliseconds.
    package init?(text: some StringProtocol) {
        var milliseconds: Int64 = 0
        var digits = ""
        var unit = ""
        var parts = 0
        func scale() -> Int64? {
            switch unit {
            case "ms": 1
            case "s": 1000
            case "m": 60_000
            case "h": 3_600_000
            case "d": 86_400_000
            default: nil
            }
        }
        for character in text + "0" {
            if character.isASCII, character.isNumber {
                if !unit.isEmpty {
                    guard let count = Int64(digits), let scale = scale() else { return nil }
                    let (product, overflow) = count.multipliedReportingOverflow(by: scale)
                    let (sum, sumOverflow) = milliseconds.addingReportingOverflow(product)
                    guard !overflow, !sumOverflow, sum <= Int64.max / 2 else { return nil }
                    milliseconds = sum
                    parts += 1
                    (digits, unit) = ("", "")
                }
                digits.append(character)
            } else if character.isASCII, character.isLetter, !digits.isEmpty {
                unit.append(character)
            } else {
                return nil
            }
        }
        // The appended digit flushed the last part; a text that ends in digits left more than it.
        guard parts > 0, digits == "0" else { return nil }
        self = .milliseconds(milliseconds)
    }

    /// The shortest of the texts that ``init(text:)`` reads.
    package var text: String {
        var rest = milliseconds
        guard rest > 0 else { return "0s" }
        var text = ""
        for (unit, scale) in [("d", Int64(86_400_000)), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)] {
            let count = rest / scale
            if count > 0 { text += "\(count)\(unit)" }
            rest -= count * scale
        }
        return text
    }

    /// How long something took, for people: `40 ms`, `0.3 s`, `12.3 s`, `2 min 5 s`.
    ///
    /// Never nothing: what took less than a millisecond says so.
    package var taken: String {
        switch milliseconds {
        case ..<1: "less than 1 ms"
        case ..<100: "\(milliseconds) ms"
        case ..<59_950: "\((milliseconds + 50) / 1000).\((milliseconds + 50) / 100 % 10) s"
        default: "\((milliseconds + 500) / 60_000) min \((milliseconds + 500) / 1000 % 60) s"
        }
    }
}
