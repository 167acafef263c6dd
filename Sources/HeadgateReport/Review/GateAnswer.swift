package import HeadgateCore

/// What one policy answers at one moment, by base's text and by head's.
package struct GateAnswer: Hashable, Sendable, Codable {
    /// How base's policy and head's differ.
    package enum Standing: String, Hashable, Sendable, Codable {
        case unchanged
        /// Both are asked, and the worse one counts.
        case changed
        /// Head's is asked alone.
        case new
        /// Base's is asked alone, and still counts.
        case removed
        /// It comes from outside of the repository, which no change of it can touch.
        case protected
    }

    /// The answer of one text of the policy.
    package struct Answer: Hashable, Sendable, Codable {
        package var action: PolicyAction
        package var outcome: Verdict.Outcome
        package var message: String?
        package var rules: [RuleResult]
        /// What its open rules still ask.
        package var forecast: [OpenRule]
        /// Where rules stand in files that are none of the repository's, by their names; nil for the repository's own.
        package var outsidePlaces: [String: String]?

        package init(
            action: PolicyAction, outcome: Verdict.Outcome, message: String?, rules: [RuleResult],
            forecast: [OpenRule] = []
        ) {
            self.action = action
            self.outcome = outcome
            self.message = message
            self.rules = rules
            self.forecast = forecast
        }

        /// The same of a policy from outside: its lines are told, and are no lines of the repository.
        package var withoutPlaces: Answer {
            var answer = self
            let places = rules.compactMap { rule in rule.location.map { (rule.name, "\($0)") } }
            answer.outsidePlaces = Dictionary(places) { first, _ in first }
            answer.rules = rules.map {
                RuleResult(
                    name: $0.name, expression: $0.expression, outcome: $0.outcome, message: $0.message,
                    values: $0.values, location: nil, steps: $0.steps)
            }
            return answer
        }
    }

    /// Why a policy guards what it is asked about.
    package struct Binding: Hashable, Sendable, Codable {
        package enum Way: String, Hashable, Sendable, Codable {
            /// By its name under `policies`.
            case named
            /// By labels that its `match` selects, or because a protected policy without one guards everything.
            case selected
        }

        package var way: Way
        package var object: ObjectID
        package var location: SourceLocation?

        package init(_ way: Way, _ object: ObjectID, at location: SourceLocation?) {
            self.way = way
            self.object = object
            self.location = location
        }
    }

    package var policy: PolicyName
    package var moment: GateMoment
    package var standing: Standing
    package var location: SourceLocation?
    package var binding: Binding?
    package var base: Answer?
    package var head: Answer?
    /// Whether all that it waits for comes after the merge, such as approvals and traffic.
    package var waitsForLater: Bool

    package init(
        policy: PolicyName, moment: GateMoment, standing: Standing, location: SourceLocation?,
        binding: Binding? = nil, base: Answer?, head: Answer?, waitsForLater: Bool
    ) {
        self.policy = policy
        self.moment = moment
        self.standing = standing
        self.location = location
        self.binding = binding
        self.base = base
        self.head = head
        self.waitsForLater = waitsForLater
    }

    /// The worse one's outcome.
    package var outcome: Verdict.Outcome { decisive?.outcome ?? .error }

    /// The worse of the answers that may block, or of all when none may; head's when they are equally bad.
    package var decisive: Answer? {
        let answers = [head, base].compactMap(\.self)
        let blocking = answers.filter { $0.action == .deny }
        return (blocking.isEmpty ? answers : blocking).reduce(nil as Answer?) { worst, answer in
            guard let worst else { return answer }
            return Self.rank(answer.outcome) > Self.rank(worst.outcome) ? answer : worst
        }
    }

    /// Whether base's text alone decides, whose lines need not be head's.
    package var isDecidedByBase: Bool {
        guard let answer = decisive else { return false }
        return answer != head && answer == base
    }

    /// Where a rule of the decisive answer stands at head; nil for base's.
    package func place(of rule: RuleResult) -> SourceLocation? { isDecidedByBase ? nil : rule.location }

    /// Where a rule of the decisive answer is written, for people: at head, at base, or outside of the repository.
    func shownPlace(of rule: RuleResult) -> String? {
        if let place = rule.location { return isDecidedByBase ? "at base, \(place)" : "\(place)" }
        return decisive?.outsidePlaces?[rule.name].map { "protected, \($0)" }
    }

    /// What a no of the decisive answer does.
    package var action: PolicyAction { decisive?.action ?? .deny }

    /// The answer of either side that blocks what it was asked about now, if only for this moment.
    package var refusal: Answer? {
        [head, base].compactMap(\.self).first { answer in
            answer.action == .deny && (answer.outcome == .error || answer.rules.contains { $0.outcome == .fail })
        }
    }

    /// Whether it decides if the change passes.
    package var counts: Bool { action == .deny && !(waitsForLater && outcome == .inconclusive) }

    private static func rank(_ outcome: Verdict.Outcome) -> Int {
        switch outcome {
        case .pass: 0
        case .inconclusive: 1
        case .error: 2
        case .fail: 3
        }
    }
}
