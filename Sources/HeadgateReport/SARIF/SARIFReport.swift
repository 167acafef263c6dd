import HeadgateCore

/// Findings as SARIF 2.1.0, the format of code scanning.
///
/// https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/sarif-v2.1.0-os.html
package struct SARIFReport: Sendable {
    private let findings: [Finding]
    private let notes: [String]
    private let version: String

    /// - Parameters:
    ///   - findings: Its results.
    ///   - notes: What a reader should know of the run besides.
    ///   - version: Of this program.
    package init(_ findings: [Finding], notes: [String] = [], version: String) {
        self.findings = findings
        self.notes = notes
        self.version = version
    }

    /// The JSON document.
    package var document: String { ReportJSON.text(log) }

    private var log: Log {
        var rules: [Rule] = []
        var indices: [String: Int] = [:]
        for finding in findings where indices[finding.rule] == nil {
            indices[finding.rule] = rules.count
            rules.append(
                Rule(
                    id: finding.rule, shortDescription: Text(text: finding.title),
                    defaultConfiguration: Rule.Configuration(level: finding.level.rawValue)))
        }
        let results = findings.map { finding in
            Result(
                ruleId: finding.rule, ruleIndex: indices[finding.rule] ?? -1, level: finding.level.rawValue,
                message: Text(text: finding.message), locations: Self.locations(finding.location),
                partialFingerprints: ["headgateFinding/v1": finding.fingerprint])
        }
        let driver = Driver(name: "Headgate", version: version, semanticVersion: version, rules: rules)
        return Log(
            schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
            version: "2.1.0",
            runs: [
                Run(
                    tool: Tool(driver: driver), automationDetails: Run.Details(id: "headgate/ci/"),
                    invocations: [
                        Invocation(
                            executionSuccessful: true,
                            toolExecutionNotifications: notes.map {
                                Notification(level: Finding.Level.note.rawValue, message: Text(text: $0))
                            })
                    ], columnKind: "unicodeCodePoints", results: results)
            ])
    }

    private static func locations(_ location: SourceLocation?) -> [Location] {
        guard let location else { return [] }
        let region = Region(startLine: max(1, location.line), startColumn: max(1, location.column))
        let artifact = Artifact(uri: uri(location.file.text), uriBaseId: "%SRCROOT%")
        return [Location(physicalLocation: Physical(artifactLocation: artifact, region: region))]
    }

    /// A path as a relative reference of RFC 3986.
    static func uri(_ path: String) -> String {
        var text = ""
        for byte in path.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "~"):
                text.unicodeScalars.append(Unicode.Scalar(byte))
            default: text += "%" + Hex.encode([byte]).uppercased()
            }
        }
        return text
    }
}

// MARK: The parts of the format that are used

private struct Log: Encodable {
    enum CodingKeys: String, CodingKey {
        case schema = "$schema"
        case version, runs
    }

    let schema: String
    let version: String
    let runs: [Run]
}

private struct Run: Encodable {
    struct Details: Encodable { let id: String }

    let tool: Tool
    let automationDetails: Details
    let invocations: [Invocation]
    let columnKind: String
    let results: [Result]
}

private struct Invocation: Encodable {
    let executionSuccessful: Bool
    let toolExecutionNotifications: [Notification]
}

private struct Notification: Encodable {
    let level: String
    let message: Text
}

private struct Tool: Encodable { let driver: Driver }

private struct Driver: Encodable {
    let name: String
    let version: String
    let semanticVersion: String
    let rules: [Rule]
}

private struct Rule: Encodable {
    struct Configuration: Encodable { let level: String }

    let id: String
    let shortDescription: Text
    let defaultConfiguration: Configuration
}

private struct Text: Encodable {
    let text: String

    init(text: String) { self.text = LineText.harmless(text) }
}

private struct Result: Encodable {
    let ruleId: String
    let ruleIndex: Int
    let level: String
    let message: Text
    let locations: [Location]
    let partialFingerprints: [String: String]
}

private struct Location: Encodable { let physicalLocation: Physical }

private struct Physical: Encodable {
    let artifactLocation: Artifact
    let region: Region
}

private struct Artifact: Encodable {
    let uri: String
    let uriBaseId: String
}

private struct Region: Encodable {
    let startLine: Int
    let startColumn: Int
}
