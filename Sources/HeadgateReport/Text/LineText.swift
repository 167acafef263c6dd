/// Text of others as a line that a terminal or a CI system's log shows, and nothing more.
package enum LineText {
    /// The text on one line: nothing in it moves a cursor, colours, turns the direction of text or is taken for a
    /// command by a system that reads logs.
    package static func clean(_ text: String) -> String {
        var clean = String.UnicodeScalarView()
        var state = CommandState()
        for scalar in text.unicodeScalars {
            let shown = shown(scalar)
            if state.wouldBegin(shown) { clean.append(" ") }
            clean.append(shown)
        }
        return String(clean)
    }

    /// The same of a text that keeps its lines.
    package static func cleanLines(_ text: String) -> String {
        // By scalars, since to a String a line end of two is one character.
        text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
            .map { clean(String($0)) }.joined(separator: "\n")
    }

    /// Text as it stands, but for what moves a cursor or turns the direction of text; line ends stay.
    static func harmless(_ text: String) -> String {
        var clean = String.UnicodeScalarView()
        for scalar in text.unicodeScalars { clean.append(scalar == "\n" || scalar == "\r" ? scalar : shown(scalar)) }
        return String(clean)
    }

    /// What stands for a scalar: a space for a control, U+FFFD for what turns the direction of text.
    static func shown(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        isControl(scalar) ? " " : isDirectional(scalar) ? "\u{FFFD}" : scalar
    }

    /// C0, C1, and the two separators that count as line ends.
    static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{2028}", "\u{2029}": true
        default: false
        }
    }

    /// Marks, embeddings, overrides and isolates of the bidirectional algorithm (UAX 9).
    package static func isDirectional(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "\u{061C}", "\u{200E}", "\u{200F}", "\u{202A}"..."\u{202E}", "\u{2066}"..."\u{2069}": true
        default: false
        }
    }

    /// How much of a command has been read.
    ///
    /// GitHub's runner takes `##[name]` anywhere in a line for one, and `::name::` behind spaces at its start; Azure's
    /// agent takes `##vso[name]`. The runner compares as a language does, so what a language ignores is ignored here.
    private struct CommandState {
        private var marks = 0
        private var areLettersBehind = false
        private var colons = 0
        private var isAtStart = true

        /// Whether a scalar would make a command of the line; it is taken in either way.
        mutating func wouldBegin(_ scalar: Unicode.Scalar) -> Bool {
            guard !scalar.properties.isDefaultIgnorableCodePoint else { return false }
            let begins = (scalar == "[" && marks >= 2) || (scalar == ":" && isAtStart && colons == 1)
            if scalar == "#" {
                marks = areLettersBehind ? 1 : marks + 1
                areLettersBehind = false
            } else if marks >= 2, scalar.properties.isAlphabetic {
                areLettersBehind = true
            } else {
                (marks, areLettersBehind) = (0, false)
            }
            if scalar == ":", isAtStart, colons == 0 {
                colons = 1
            } else if colons > 0 || !scalar.properties.isWhitespace {
                isAtStart = false
            }
            return begins
        }
    }
}
