/// Rules in CEL that are asked at gates.
package struct PolicySpec: Hashable, Sendable, Codable {
    /// The moments at which it is asked; at least one.
    package var at: [GateMoment]
    package var action: PolicyAction
    /// Selects what it guards besides what names it; nil selects nothing.
    package var match: PolicyMatch?
    package var params: [String: JSONValue]
    /// Named expressions, evaluated lazily, each of which may use earlier ones.
    package var variables: [PolicyVariable]
    package var rules: [PolicyRule]

    package init(
        at: [GateMoment], action: PolicyAction = .deny, match: PolicyMatch? = nil,
        params: [String: JSONValue] = [:], variables: [PolicyVariable] = [], rules: [PolicyRule]
    ) {
        self.at = at
        self.action = action
        self.match = match
        self.params = params
        self.variables = variables
        self.rules = rules
    }
}

/// A moment at which policies are asked.
package enum GateMoment: String, Hashable, Sendable, Codable, CaseIterable {
    /// Before any step runs.
    case plan
    /// When a version has its assessment.
    case validate
    /// Before a version is published.
    case release
    /// At each increase of a version's traffic.
    case rollout
}

/// What a policy's `fail` does.
package enum PolicyAction: String, Hashable, Sendable, Codable, CaseIterable {
    /// It blocks.
    case deny
    /// It passes, and status, events and CI say that the policy does not.
    case warn
    /// It is recorded in the ledger and nowhere else.
    case audit
}

/// Selects Models and Deployments by their labels; every given label must be equal.
package struct PolicyMatch: Hashable, Sendable, Codable {
    package var labels: [String: String]

    package init(labels: [String: String] = [:]) { self.labels = labels }

    package func selects(_ labels: [String: String]) -> Bool {
        self.labels.allSatisfy { labels[$0.key] == $0.value }
    }
}

/// A CEL expression with its place in the manifest.
package struct PolicyExpression: Hashable, Sendable, Codable {
    /// The most bytes of one expression.
    package static let maxLength = 16 << 10

    package var source: String
    /// Where the expression's first character stands; not part of the policy's digest.
    package var location: SourceLocation?
    /// Where later parts of the expression stand, in order of their offsets.
    ///
    /// Nil when all of it follows the first character on one line, as it does but for escapes and several lines.
    package var segments: [Segment]?

    /// A part of an expression that does not simply stand beside the part before it.
    package struct Segment: Hashable, Sendable, Codable {
        /// UTF-8 bytes from the start of the expression.
        package let offset: Int32
        package let line: Int32
        package let column: Int32

        package init(offset: Int32, line: Int32, column: Int32) {
            self.offset = offset
            self.line = line
            self.column = column
        }
    }

    package init(_ source: String, at location: SourceLocation? = nil, segments: [Segment]? = nil) {
        self.source = source
        self.location = location
        self.segments = segments
    }

    /// Where a part of the expression stands in the manifest.
    ///
    /// - Parameter offset: UTF-8 bytes from the start of the expression; one beyond its end gives the end.
    /// - Returns: Nil for an expression that came from no file.
    package func location(atOffset offset: Int) -> SourceLocation? {
        guard let location else { return nil }
        let segment = segments?.last { Int($0.offset) <= offset }
        let start = segment.map { Int($0.offset) } ?? 0
        let between = source.utf8.dropFirst(start).prefix(max(0, offset - start))
        let column = between.count { $0 & 0xC0 != 0x80 }
        return SourceLocation(
            file: location.file, line: segment.map { Int($0.line) } ?? location.line,
            column: (segment.map { Int($0.column) } ?? location.column) + column)
    }

    package static func == (left: Self, right: Self) -> Bool { left.source.utf8.elementsEqual(right.source.utf8) }
    package func hash(into hasher: inout Hasher) { hasher.combine(source) }
}

/// A named expression that rules may read as `variables.name`; evaluated when it is read.
package struct PolicyVariable: Hashable, Sendable, Codable {
    package var name: String
    package var expression: PolicyExpression

    package init(name: String, expression: PolicyExpression) {
        self.name = name
        self.expression = expression
    }
}

/// One condition that must hold.
package struct PolicyRule: Hashable, Sendable, Codable {
    package var name: String
    package var expression: PolicyExpression
    /// Shown when the rule fails and `messageExpression` is absent or gives no text.
    package var message: String?
    package var messageExpression: PolicyExpression?

    package init(
        name: String, expression: PolicyExpression, message: String? = nil,
        messageExpression: PolicyExpression? = nil
    ) {
        self.name = name
        self.expression = expression
        self.message = message
        self.messageExpression = messageExpression
    }
}
