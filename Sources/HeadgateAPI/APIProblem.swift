package import HeadgateCore

/// What went wrong, for people.
package struct APIProblem: Codable, Sendable, Hashable, Error, CustomStringConvertible {
    /// What kind of problem it is; a client decides by it what to do.
    package enum Code: String, Codable, Sendable, Hashable {
        /// A named object does not exist.
        case notFound
        /// The request cannot be understood.
        case invalid
        /// The object is not in a state in which this can be done.
        case refused
        case unauthorized
        /// No controller answers.
        case unreachable
        /// The controller could not do it, such as with a ledger that cannot be written.
        case failed
    }

    package var code: Code
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}

/// What a controller answers to a command that it took.
package struct CommandAnswer: Codable, Sendable, Hashable {
    /// What it did at once, a line each, as it stands in the events.
    package var done: [String]

    package init(done: [String] = []) { self.done = done }
}

/// Asks for a commit that takes a Deployment back to an earlier version.
package struct RevertRequest: Codable, Sendable, Hashable {
    package let deployment: DeploymentID
    /// An earlier champion; by default the one that serves where HEAD asks for another, else the one before it.
    package let to: VersionID?
    package let by: String
    package let reason: String

    package init(deployment: DeploymentID, to: VersionID?, by: String, reason: String) {
        self.deployment = deployment
        self.to = to
        self.by = by
        self.reason = reason
    }
}
