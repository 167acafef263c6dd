/// A place in a file of the repository.
///
/// Lines and columns count from 1; columns count Unicode scalars.
package struct SourceLocation: Hashable, Sendable, Codable, Comparable, CustomStringConvertible {
    package let file: RepositoryPath
    package let line: Int
    package let column: Int

    package init(file: RepositoryPath, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }

    /// `file:line:column`, as compilers print it.
    package var description: String { "\(file):\(line):\(column)" }

    package static func < (left: Self, right: Self) -> Bool {
        if left.file != right.file { return left.file < right.file }
        return (left.line, left.column) < (right.line, right.column)
    }
}

/// Something that a person should know about what they wrote.
package struct Diagnostic: Hashable, Sendable, Codable {
    /// How grave it is; an `error` quarantines the object that it concerns.
    package enum Severity: String, Sendable, Codable, Comparable {
        case note, warning, error

        private var rank: Int {
            switch self {
            case .note: 0
            case .warning: 1
            case .error: 2
            }
        }

        package static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }
    }

    package let severity: Severity
    /// Stable and machine-readable, such as `unknown-field`.
    package let code: String
    package let message: String
    package let location: SourceLocation?
    /// The field's path within the document, such as `spec.pipeline.steps[0].command`.
    package let field: String?
    /// What to do about it, such as `did you mean "command"?`.
    package let hint: String?
    /// The object that it concerns, where that is known.
    package let object: ObjectID?

    package init(
        _ severity: Severity, code: String, _ message: String, at location: SourceLocation? = nil,
        field: String? = nil, hint: String? = nil, object: ObjectID? = nil
    ) {
        self.severity = severity
        self.code = code
        self.message = message
        self.location = location
        self.field = field
        self.hint = hint
        self.object = object
    }
}

extension Diagnostic: CustomStringConvertible {
    /// `file:line:column: error: message [field] (hint)`.
    package var description: String {
        var text = location.map { "\($0): " } ?? ""
        text += "\(severity.rawValue): \(message)"
        if let field { text += " [\(field)]" }
        if let hint { text += "; \(hint)" }
        return text
    }

    /// The same on one line, without the excerpt of the text that it is about.
    package var summary: String {
        let first = message.prefix { $0 != "\n" }
        return Diagnostic(severity, code: code, String(first), at: location, field: field, hint: hint).description
    }
}
