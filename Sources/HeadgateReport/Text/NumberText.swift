import HeadgateCore

/// Numbers as people read them in reports.
enum NumberText {
    /// Four significant digits at least, without zeros behind; large and whole numbers as they are.
    static func shown(_ number: Double?) -> String {
        guard let number else { return "–" }
        guard number.isFinite else { return "unknown" }
        if number == number.rounded(), abs(number) < 1e15 { return String(Int64(number)) }
        let magnitude = abs(number)
        if magnitude >= 1e6 || magnitude < 1e-4 { return "\(number)" }
        return fixed(number, digits: magnitude >= 1000 ? 1 : magnitude >= 100 ? 2 : magnitude >= 10 ? 3 : 4)
    }

    /// A change such as `+4.7 %`; empty for none that can be told.
    static func percent(_ change: Double?) -> String {
        guard let change, change.isFinite else { return "" }
        let percent = change * 100
        let text = fixed(abs(percent), digits: abs(percent) < 10 ? 2 : 1, trimmed: false)
        if Double(text) == 0 { return "±0 %" }
        return (percent < 0 ? "−" : "+") + text + " %"
    }

    /// Decimals, without zeros at the end unless they are asked for.
    static func fixed(_ number: Double, digits: Int, trimmed: Bool = true) -> String {
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let scaled = (abs(number) * scale).rounded()
        guard scaled < 9e15 else { return "\(number)" }
        let whole = Int64(scaled) / Int64(scale)
        var fraction = String(Int64(scaled) % Int64(scale))
        fraction = String(repeating: "0", count: digits - fraction.count) + fraction
        while trimmed, fraction.hasSuffix("0") { fraction.removeLast() }
        let sign = number < 0 && scaled != 0 ? "-" : ""
        return fraction.isEmpty ? "\(sign)\(whole)" : "\(sign)\(whole).\(fraction)"
    }
}
