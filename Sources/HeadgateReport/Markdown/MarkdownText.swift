/// Text that came from a repository, inside Markdown.
enum MarkdownText {
    /// Text that stands for itself: no markup, no HTML, no mention of a user, no link, one line.
    static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "&": escaped += "&amp;"
            // A mention would send mail, and a number would link to another request.
            case "@": escaped += "&#64;"
            case "#": escaped += "&#35;"
            // No link is made of an address.
            case "/" where escaped.hasSuffix(":"): escaped += "&#47;"
            case "\\", "`", "*", "_", "{", "}", "[", "]", "(", ")", "!", "|", "~", "$", "^":
                escaped += "\\"
                escaped.unicodeScalars.append(scalar)
            case _ where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value): escaped += " "
            case "\u{202A}"..."\u{202E}", "\u{2066}"..."\u{2069}": escaped += "\u{FFFD}"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    /// Text of many lines as a block of code, as it stands.
    static func block(_ text: String) -> String {
        let clean = LogText.lines(of: text).joined(separator: "\n")
        var fence = "```"
        while clean.contains(fence) { fence += "`" }
        return "\(fence)text\n\(clean)\n\(fence)"
    }

    /// Text as code within a table's cell: as it stands, but for line ends.
    static func code(_ text: String) -> String {
        var clean = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "|": clean += "\\|"
            case _ where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value): clean += " "
            case "\u{202A}"..."\u{202E}", "\u{2066}"..."\u{2069}": clean += "\u{FFFD}"
            default: clean.unicodeScalars.append(scalar)
            }
        }
        var fence = "`"
        while clean.contains(fence) { fence += "`" }
        let pad = clean.hasPrefix("`") || clean.hasSuffix("`") || clean.isEmpty ? " " : ""
        return fence + pad + clean + pad + fence
    }
}
