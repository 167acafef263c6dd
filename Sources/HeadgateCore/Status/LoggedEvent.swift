/// Something that happened, for people; kept in the ledger.
package struct LoggedEvent: Hashable, Sendable, Codable {
    package enum Severity: String, Hashable, Sendable, Codable {
        case normal = "Normal"
        case warning = "Warning"
    }

    package let object: ObjectID?
    package let severity: Severity
    /// CamelCase and stable, such as `StepSucceeded`.
    package let reason: String
    package let message: String
    package let revision: Revision?
    package let at: Instant

    package init(
        _ severity: Severity, _ reason: String, _ message: String, object: ObjectID?, revision: Revision?, at: Instant
    ) {
        self.severity = severity
        self.reason = reason
        self.message = message
        self.object = object
        self.revision = revision
        self.at = at
    }
}
