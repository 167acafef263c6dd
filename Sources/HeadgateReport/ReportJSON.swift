import FoundationEssentials

/// Writes JSON the same way for every format.
package enum ReportJSON {
    /// Indented, names sorted, with a line end.
    package static func text(_ value: some Encodable) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        // Metrics may be NaN, which JSON cannot say.
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        guard let data = try? encoder.encode(value) else { return "null\n" }
        return escaped(String(decoding: data, as: UTF8.self)) + "\n"
    }

    /// The same document, of which nothing turns the direction of text or begins a command where a log shows it.
    package static func escaped(_ document: String) -> String {
        var result = String.UnicodeScalarView()
        var marks = 0
        for scalar in document.unicodeScalars {
            // All of these stand within strings only.
            let isHidden = scalar.value >= 0x7F && (LineText.isControl(scalar) || LineText.isDirectional(scalar))
            if isHidden || (scalar == "[" && marks >= 2) {
                let digits = String(scalar.value, radix: 16)
                result.append(
                    contentsOf: "\\u\(String(repeating: "0", count: 4 - digits.count))\(digits)".unicodeScalars)
            } else {
                result.append(scalar)
            }
            if !scalar.properties.isDefaultIgnorableCodePoint { marks = scalar == "#" ? marks + 1 : 0 }
        }
        return String(result)
    }
}
