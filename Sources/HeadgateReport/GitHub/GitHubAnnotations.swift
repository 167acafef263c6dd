import HeadgateCore

/// Findings as workflow commands of GitHub Actions, which shows them at their lines.
///
/// https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
package struct GitHubAnnotations: Sendable {
    private let findings: [Finding]

    /// With `notes`, what a reader should know besides.
    package init(_ findings: [Finding], notes: [String] = []) {
        self.findings =
            findings
            + notes.map { Finding(rule: "note", title: "Headgate", level: .note, message: $0, location: nil) }
    }

    /// One command a line.
    package var document: String {
        findings.map { finding in
            let command =
                switch finding.level {
                case .error: "error"
                case .warning: "warning"
                case .note: "notice"
                }
            var properties: [String] = []
            if let location = finding.location {
                properties += [
                    "file=\(Self.property(location.file.description))", "line=\(location.line)",
                    "col=\(location.column)",
                ]
            }
            properties.append("title=\(Self.property(finding.title))")
            return "::\(command) \(properties.joined(separator: ","))::\(Self.data(finding.message))\n"
        }.joined()
    }

    /// Text after the second pair of colons, in which a line end would begin another command.
    static func data(_ text: String) -> String {
        escape(text, [("%", "%25"), ("\r", "%0D"), ("\n", "%0A")])
    }

    static func property(_ text: String) -> String {
        escape(text, [("%", "%25"), ("\r", "%0D"), ("\n", "%0A"), (":", "%3A"), (",", "%2C")])
    }

    private static func escape(_ text: String, _ table: [(Unicode.Scalar, String)]) -> String {
        var escaped = ""
        for scalar in LineText.cleanLines(text).unicodeScalars {
            if let replacement = table.first(where: { $0.0 == scalar })?.1 {
                escaped += replacement
            } else {
                escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
