/// A message says in its first line what is to be said, and goes on with details in further lines, if at all.
extension String {
    /// What a message says in short.
    package var summary: String {
        split(whereSeparator: \.isNewline).first.map { Self.trimmed($0) } ?? ""
    }

    /// What a message says besides.
    package var details: [String] { split(whereSeparator: \.isNewline).dropFirst().map(String.init) }

    /// The last line of a command's output that says something: there a traceback names its error.
    ///
    /// Shims' own lines are left out. At most 300 characters.
    package var lastLine: String {
        let lines = split(whereSeparator: \.isNewline).lazy.map { Self.trimmed($0) }
        let last = lines.last { !$0.isEmpty && !$0.hasPrefix("[headgate] ") } ?? ""
        return last.count > 300 ? String(last.prefix(299)) + "…" : last
    }

    /// A summary that ends in what a command said last, with the end of its output as details.
    package func ending(inOutput output: String) -> String {
        let last = output.lastLine
        let text = last.isEmpty ? self : "\(self): \(last)"
        return output.contains(where: \.isNewline) ? "\(text)\n\(output)" : text
    }

    private static func trimmed(_ line: Substring) -> String {
        var line = line.drop { $0.isWhitespace }
        while line.last?.isWhitespace == true { line.removeLast() }
        return String(line)
    }
}
