/// Cases that a policy must answer as expected; read where policies are tested and nowhere else.
package struct PolicyTestSpec: Hashable, Sendable {
    package var policy: PolicyName
    /// The file that holds the policy, relative to the test's folder; nil to look for it among what is tested.
    package var from: String?
    /// The metrics that the Model's steps declare; nil when they declare none.
    package var metrics: [String: MetricType]?
    /// Files of evidence that every case starts from, relative to the test's folder.
    package var fixtures: [String]
    /// Evidence that every case starts from.
    package var evidence: PlacedJSON
    package var cases: [PolicyTestCase]

    package init(
        policy: PolicyName, from: String? = nil, metrics: [String: MetricType]? = nil, fixtures: [String] = [],
        evidence: PlacedJSON = PlacedJSON(.object([:])), cases: [PolicyTestCase]
    ) {
        self.policy = policy
        self.from = from
        self.metrics = metrics
        self.fixtures = fixtures
        self.evidence = evidence
        self.cases = cases
    }
}

/// One question to a policy, and the answer that it must give.
package struct PolicyTestCase: Hashable, Sendable {
    package var name: String
    /// Files of evidence, relative to the test's folder; a later one wins over an earlier one.
    package var fixtures: [String]
    /// Reports of tools, relative to the test's folder, that become `candidate.reports.NAME`.
    package var reports: [String: ReportSpec]
    /// Evidence that wins over that of fixtures.
    package var evidence: PlacedJSON
    /// Values that win over the policy's own params.
    package var params: [String: JSONValue]
    /// The moment of the question; the policy's first when nil.
    package var at: GateMoment?
    package var expect: PolicyExpectation
    /// The most cost units that the answer may take.
    package var cost: Int?

    package init(
        name: String, fixtures: [String] = [], reports: [String: ReportSpec] = [:],
        evidence: PlacedJSON = PlacedJSON(.object([:])), params: [String: JSONValue] = [:], at: GateMoment? = nil,
        expect: PolicyExpectation, cost: Int? = nil
    ) {
        self.name = name
        self.fixtures = fixtures
        self.reports = reports
        self.evidence = evidence
        self.params = params
        self.at = at
        self.expect = expect
        self.cost = cost
    }
}

/// What a case expects of a policy's verdict.
package struct PolicyExpectation: Hashable, Sendable {
    package var verdict: Verdict.Outcome
    /// The verdict's whole message.
    package var message: String?
    /// A regular expression that the verdict's message matches.
    package var matches: String?
    /// Text that stands in what decided: a sub-expression, or the path of what is unknown.
    package var reason: String?
    /// Outcomes by the rules' names.
    package var rules: [String: Verdict.Outcome]

    package init(
        verdict: Verdict.Outcome, message: String? = nil, matches: String? = nil, reason: String? = nil,
        rules: [String: Verdict.Outcome] = [:]
    ) {
        self.verdict = verdict
        self.message = message
        self.matches = matches
        self.reason = reason
        self.rules = rules
    }
}

/// A JSON document and where its parts stand in a file.
package struct PlacedJSON: Hashable, Sendable {
    package let value: JSONValue
    /// Places by path, such as `candidate.metrics`; empty when they are not known.
    package let places: [String: SourceLocation]

    package init(_ value: JSONValue, places: [String: SourceLocation] = [:]) {
        self.value = value
        self.places = places
    }

    /// Where a part stands, or the nearest part around it.
    package func place(of path: String) -> SourceLocation? {
        var path = path[...]
        while true {
            if let place = places[String(path)] { return place }
            guard let end = path.lastIndex(where: { $0 == "." || $0 == "[" }) else { return places[""] }
            path = path[..<end]
        }
    }

    /// The document with another one laid over it: objects member by member, anything else as a whole.
    package func overlaid(with other: PlacedJSON) -> PlacedJSON {
        PlacedJSON(value.overlaid(with: other.value), places: places.merging(other.places) { _, new in new })
    }
}

extension JSONValue {
    /// The document with another one laid over it: objects member by member, anything else as a whole.
    package func overlaid(with other: JSONValue) -> JSONValue {
        guard case .object(let base) = self, case .object(let over) = other else { return other }
        return .object(base.merging(over) { $0.overlaid(with: $1) })
    }
}
