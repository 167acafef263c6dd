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
            default: escaped.unicodeScalars.append(LineText.shown(scalar))
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
        for scalar in LineText.clean(text).unicodeScalars {
            if scalar == "|" { clean += "\\" }
            clean.unicodeScalars.append(scalar)
        }
        var fence = "`"
        while clean.contains(fence) { fence += "`" }
        let pad = clean.hasPrefix("`") || clean.hasSuffix("`") || clean.isEmpty ? " " : ""
        return fence + pad + clean + pad + fence
    }
}
