import HeadgateCore
import Testing

@testable import HeadgateManifest

/// Parses a file at a path.
func parse(_ text: String, at path: String = "models/wine/model.yaml") throws -> ParsedFile {
    let file = try #require(RepositoryPath(path))
    return ManifestParser.parse(Array(text.utf8), file: file, source: try source())
}

func source() throws -> SourceName { try #require(SourceName("main")) }

/// A file that is wrong, and what is said about it: `line:column code` of each diagnostic.
struct BadInput: CustomTestStringConvertible, Sendable {
    let name: String
    let text: String
    let expected: [String]

    init(_ name: String, _ text: String, _ expected: String...) {
        self.name = name
        self.text = text
        self.expected = expected
    }

    var testDescription: String { name }
}

extension Diagnostic {
    /// `line:column code`, the field in brackets and the hint after a semicolon where there are some.
    var brief: String {
        var text = location.map { "\($0.line):\($0.column) " } ?? ""
        text += code
        if let field { text += " [\(field)]" }
        if let hint { text += "; \(hint)" }
        return text
    }

    /// `line:column code`.
    var place: String { (location.map { "\($0.line):\($0.column) " } ?? "") + code }
}

/// A Model whose pipeline has the given steps, one a line from line 6 on.
func model(steps: String..., artifact: String = "model/", more: String = "") -> String {
    """
    apiVersion: headgate.dev/v1
    kind: Model
    metadata: {name: wine}
    spec:
      pipeline: {steps: [
    \(steps.map { $0 + "," }.joined(separator: "\n"))
      ]}
      artifact: \(artifact)
    \(more)
    """
}

/// A Deployment with a strategy in line 7.
func deployment(strategy: String) -> String {
    """
    apiVersion: headgate.dev/v1
    kind: Deployment
    metadata: {name: wine}
    spec:
      model: wine
      target: local
      strategy: \(strategy)
    """
}

/// A Policy with one rule whose expression is given from line 7 on.
func policy(expression: String) -> String {
    """
    apiVersion: headgate.dev/v1
    kind: Policy
    metadata: {name: floor}
    spec:
      at: [validate]
      rules:
      - expression: \(expression)
        name: only
    """
}
