/// The classes that `\p{…}` names: general categories and scripts.
enum UnicodeClasses {
    /// The set of a category such as `L` or `Lu`, a script such as `Greek`, or `Any`; nil for an unknown name.
    static func set(named name: String) -> ScalarSet? {
        if name == "Any" { return .all }
        return categories[name] ?? UnicodeScripts.set(named: name)
    }

    private static let groups: [String: [String]] = [
        "C": ["Cc", "Cf", "Co", "Cs"], "L": ["Ll", "Lm", "Lo", "Lt", "Lu"], "M": ["Mc", "Me", "Mn"],
        "N": ["Nd", "Nl", "No"], "P": ["Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps"], "S": ["Sc", "Sk", "Sm", "So"],
        "Z": ["Zl", "Zp", "Zs"],
    ]

    private static let categories: [String: ScalarSet] = {
        var ranges: [String: [ClosedRange<UInt32>]] = [:]
        var start: UInt32 = 0
        var current: String?
        func close(before end: UInt32) {
            if let current { ranges[current, default: []].append(start...end - 1) }
        }
        // Planes 4 to 13 are unassigned.
        for value in [UInt32(0)..<0x4_0000, 0xE_0000..<0x11_0000].joined() {
            let code = (0xD800...0xDFFF).contains(value) ? "Cs" : Unicode.Scalar(value).flatMap(code)
            if code != current || value == 0xE_0000 {
                close(before: value == 0xE_0000 ? 0x4_0000 : value)
                (start, current) = (value, code)
            }
        }
        close(before: 0x11_0000)
        for (group, codes) in groups { ranges[group] = codes.flatMap { ranges[$0] ?? [] } }
        return ranges.mapValues { ScalarSet(ranges: $0) }
    }()

    private static func code(_ scalar: Unicode.Scalar) -> String? {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter: "Lu"
        case .lowercaseLetter: "Ll"
        case .titlecaseLetter: "Lt"
        case .modifierLetter: "Lm"
        case .otherLetter: "Lo"
        case .nonspacingMark: "Mn"
        case .spacingMark: "Mc"
        case .enclosingMark: "Me"
        case .decimalNumber: "Nd"
        case .letterNumber: "Nl"
        case .otherNumber: "No"
        case .connectorPunctuation: "Pc"
        case .dashPunctuation: "Pd"
        case .openPunctuation: "Ps"
        case .closePunctuation: "Pe"
        case .initialPunctuation: "Pi"
        case .finalPunctuation: "Pf"
        case .otherPunctuation: "Po"
        case .mathSymbol: "Sm"
        case .currencySymbol: "Sc"
        case .modifierSymbol: "Sk"
        case .otherSymbol: "So"
        case .spaceSeparator: "Zs"
        case .lineSeparator: "Zl"
        case .paragraphSeparator: "Zp"
        case .control: "Cc"
        case .format: "Cf"
        case .surrogate: "Cs"
        case .privateUse: "Co"
        case .unassigned: nil
        @unknown default: nil
        }
    }
}
