package import HeadgateCore

/// What a change of a repository would do and whether it would pass: the value that every format is written from.
package struct ReviewReport: Hashable, Sendable, Codable {
    package enum Outcome: String, Hashable, Sendable, Codable {
        case passed
        /// Something said no.
        case failed
        /// Nothing said no, and something could not be told.
        case undecided
    }

    package struct Commit: Hashable, Sendable, Codable {
        package var id: CommitID
        package var subject: String

        package init(id: CommitID, subject: String) {
            self.id = id
            self.subject = subject
        }
    }

    /// What would happen to one object or step, and where that is declared.
    package struct Change: Hashable, Sendable, Codable {
        package var change: PlannedChange
        package var location: SourceLocation?
        /// How a Deployment rolls, in words.
        package var strategy: String?

        package init(_ change: PlannedChange, at location: SourceLocation? = nil, strategy: String? = nil) {
            self.change = change
            self.location = location
            self.strategy = strategy
        }
    }

    /// A step that was run, or whose result was taken from the shared store.
    package struct Execution: Hashable, Sendable, Codable {
        package enum Outcome: Hashable, Sendable, Codable {
            case succeeded
            case taken
            case failed(message: String)
            case errored(message: String)
        }

        package var model: ObjectID
        package var step: StepName
        package var outcome: Outcome
        package var duration: Duration
        package var location: SourceLocation?

        package init(
            model: ObjectID, step: StepName, outcome: Outcome, duration: Duration, location: SourceLocation?
        ) {
            self.model = model
            self.step = step
            self.outcome = outcome
            self.duration = duration
            self.location = location
        }
    }

    /// Nil when head is the first commit, or shares none with what it was compared with.
    package var base: Commit?
    package var head: Commit
    package var diagnostics: [Diagnostic]
    package var changes: [Change]
    package var executions: [Execution]
    package var subjects: [JudgedSubject]
    /// What a reader should know besides, such as that no shared store was given.
    package var notes: [String]

    package init(
        base: Commit?, head: Commit, diagnostics: [Diagnostic] = [], changes: [Change] = [],
        executions: [Execution] = [], subjects: [JudgedSubject] = [], notes: [String] = []
    ) {
        self.base = base
        self.head = head
        self.diagnostics = diagnostics
        self.changes = changes
        self.executions = executions
        self.subjects = subjects
        self.notes = notes
    }

    /// The worst of all: a clear no before a doubt.
    package var outcome: Outcome {
        let gates = subjects.flatMap(\.gates)
        let saidNo =
            diagnostics.contains { $0.severity == .error } || changes.contains { $0.change.action == .error }
            || executions.contains { if case .failed = $0.outcome { true } else { false } }
            || gates.contains { $0.counts && $0.outcome == .fail }
        if saidNo { return .failed }
        let isOpen =
            executions.contains { if case .errored = $0.outcome { true } else { false } }
            || gates.contains { $0.counts && ($0.outcome == .inconclusive || $0.outcome == .error) }
        return isOpen ? .undecided : .passed
    }

    /// What would change something in the world.
    package var realChanges: [Change] { changes.filter(\.change.isChange) }
}

/// A Deployment, or a Model that none serves, with the answers of its gates.
package struct JudgedSubject: Hashable, Sendable, Codable {
    package var object: ObjectID
    package var model: ObjectID
    package var location: SourceLocation?
    /// Why the champion is not known, or that there is none.
    package var championNote: String?
    /// The version that serves.
    package var champion: VersionID?
    /// The version that head asks for, once it is known.
    package var candidate: VersionID?
    package var metrics: [MetricComparison]
    package var gates: [GateAnswer]

    package init(
        object: ObjectID, model: ObjectID, location: SourceLocation? = nil, championNote: String? = nil,
        champion: VersionID? = nil, candidate: VersionID? = nil, metrics: [MetricComparison] = [],
        gates: [GateAnswer] = []
    ) {
        self.object = object
        self.model = model
        self.location = location
        self.championNote = championNote
        self.champion = champion
        self.candidate = candidate
        self.metrics = metrics
        self.gates = gates
    }
}

/// One metric of the champion and of the candidate.
package struct MetricComparison: Hashable, Sendable, Codable {
    /// Dots for nesting.
    package var name: String
    package var champion: Double?
    package var candidate: Double?

    package init(name: String, champion: Double?, candidate: Double?) {
        self.name = name
        self.champion = champion
        self.candidate = candidate
    }

    /// How far the candidate is from the champion, in parts of the champion's; nil where one is missing or 0.
    package var relativeChange: Double? {
        guard let champion, let candidate, champion != 0 else { return nil }
        return (candidate - champion) / abs(champion)
    }
}

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
        package var forecast: [RuleForecastText]

        package init(
            action: PolicyAction, outcome: Verdict.Outcome, message: String?, rules: [RuleResult],
            forecast: [RuleForecastText] = []
        ) {
            self.action = action
            self.outcome = outcome
            self.message = message
            self.rules = rules
            self.forecast = forecast
        }

        /// The same without lines of files.
        package var withoutPlaces: Answer {
            var answer = self
            answer.rules = rules.map {
                RuleResult(
                    name: $0.name, expression: $0.expression, outcome: $0.outcome, message: $0.message,
                    values: $0.values, location: nil)
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

    /// What a no of the decisive answer does.
    package var action: PolicyAction { decisive?.action ?? .deny }

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

/// A rule's open question.
package struct RuleForecastText: Hashable, Sendable, Codable {
    package var rule: String
    package var waitsFor: [String]
    package var residual: String

    package init(rule: String, waitsFor: [String], residual: String) {
        self.rule = rule
        self.waitsFor = waitsFor
        self.residual = residual
    }
}
