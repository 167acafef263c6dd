import HeadgateCore

/// Findings as GitLab's code quality report, a part of Code Climate's format.
///
/// https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
package struct CodeQualityReport: Sendable {
    private struct Issue: Encodable {
        struct Location: Encodable {
            struct Lines: Encodable { let begin: Int }

            let path: String
            let lines: Lines
        }

        let description: String
        let checkName: String
        let fingerprint: String
        let severity: String
        let location: Location

        enum CodingKeys: String, CodingKey {
            case description
            case checkName = "check_name"
            case fingerprint, severity, location
        }
    }

    private let findings: [Finding]

    package init(_ findings: [Finding]) { self.findings = findings }

    /// The JSON document.
    package var document: String {
        var seen: [String: Int] = [:]
        let issues = findings.map { finding in
            // GitLab shows one of those with the same fingerprint.
            let count = seen[finding.fingerprint, default: 0]
            seen[finding.fingerprint] = count + 1
            let fingerprint = count == 0 ? finding.fingerprint : "\(finding.fingerprint)-\(count)"
            let severity =
                switch finding.level {
                case .error: "critical"
                case .warning: "major"
                case .note: "info"
                }
            return Issue(
                description: LineText.harmless(finding.summary), checkName: finding.rule, fingerprint: fingerprint,
                severity: severity,
                location: Issue.Location(
                    path: finding.location?.file.description ?? ".",
                    lines: Issue.Location.Lines(begin: max(1, finding.location?.line ?? 1))))
        }
        return ReportJSON.text(issues)
    }
}
