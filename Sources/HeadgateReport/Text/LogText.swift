/// What a command printed, as reports show it.
enum LogText {
    /// Lines without what moves a cursor, colours, turns the direction of text or is a command of a CI system's log;
    /// none for an empty log.
    static func lines(of log: String) -> [String] {
        guard !log.isEmpty else { return [] }
        // By scalars, since to a String a line end of two is one character.
        return log.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            var clean = ""
            var rest = line
            while let scalar = rest.popFirst() {
                switch scalar {
                // A control sequence: parameters, then one letter (ECMA-48, 5.4).
                case "\u{1B}" where rest.first == "[":
                    rest = rest.dropFirst().drop { ("\u{20}"..."\u{3F}").contains($0) }.dropFirst()
                // What a terminal would write over, such as the progress so far.
                case "\r" where !rest.isEmpty && rest.first != "\r": clean = ""
                case "\t": clean += "    "
                case _ where LineText.isControl(scalar): break
                default: clean.unicodeScalars.append(scalar)
                }
            }
            return LineText.clean(clean)
        }
    }
}
