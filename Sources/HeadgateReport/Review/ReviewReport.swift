package import HeadgateCore

/// What a change of a repository would do and whether it would pass: the value that every format is written from.
package struct ReviewReport: Hashable, Sendable, Encodable {
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
        /// How a Deployment rolls, in words: where it does, or where that changed.
        package var strategy: String?
        /// Why it would not happen, though it is planned: a step has no result, or a policy refuses.
        package var obstacle: String?
        /// Why nobody can tell yet whether it would happen: a policy that may refuse has no answer.
        package var doubt: String?

        package init(
            _ change: PlannedChange, at location: SourceLocation? = nil, strategy: String? = nil,
            obstacle: String? = nil
        ) {
            self.change = change
            self.location = location
            self.strategy = strategy
            self.obstacle = obstacle
        }

        /// The action, and why, as people read it.
        var shown: (action: String, why: String) {
            if let obstacle { return ("stays", "would not move: \(obstacle)") }
            let more = [strategy, doubt.map { "may not move: \($0)" }].compactMap(\.self)
            return (change.action.rawValue, ([change.reason] + more).joined(separator: "; "))
        }
    }

    /// Nil when head is the first commit, or shares none with what it was compared with.
    package var base: Commit?
    package var head: Commit
    package var diagnostics: [Diagnostic]
    package var changes: [Change]
    package var executions: [Execution]
    package var subjects: [JudgedSubject]
    /// Cases of PolicyTests that the change touches, or whose policies or files it touches.
    package var policyTests: [PolicyTestResult]
    /// What a reader should know besides, such as that no shared store was given.
    package var notes: [String]

    package init(
        base: Commit?, head: Commit, diagnostics: [Diagnostic] = [], changes: [Change] = [],
        executions: [Execution] = [], subjects: [JudgedSubject] = [],
        policyTests: [PolicyTestResult] = [], notes: [String] = []
    ) {
        self.base = base
        self.head = head
        self.diagnostics = diagnostics
        self.changes = changes
        self.executions = executions
        self.subjects = subjects
        self.policyTests = policyTests
        self.notes = notes
    }

    /// The worst of all: a clear no before a doubt.
    package var outcome: Outcome {
        let gates = subjects.flatMap(\.gates)
        let saidNo =
            diagnostics.contains { $0.severity == .error } || changes.contains { $0.change.action == .error }
            || executions.contains(where: \.outcome.isNo) || policyTests.contains { $0.status == .failed }
            || gates.contains { $0.counts && $0.outcome == .fail }
        if saidNo { return .failed }
        let isOpen =
            executions.contains { if case .errored = $0.outcome { true } else { false } }
            || policyTests.contains { $0.status == .errored }
            || gates.contains { $0.counts && ($0.outcome == .inconclusive || $0.outcome == .error) }
        return isOpen ? .undecided : .passed
    }

    /// Whether a policy asked for a piece of evidence.
    package func reads(_ path: String) -> Bool {
        subjects.lazy.flatMap(\.gates).flatMap { [$0.base, $0.head].compactMap(\.self) }.flatMap(\.rules)
            .contains { $0.values.contains { $0.expression == path } }
    }

    /// What would change something in the world, and ways that later rollouts would take instead of others.
    package var realChanges: [Change] { changes.filter { $0.change.isChange || $0.strategy != nil } }

    /// Those, and what would change if it were not in error.
    var toldChanges: [Change] {
        changes.filter { $0.change.isChange || $0.strategy != nil || $0.change.action == .keep }
    }
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
    /// What gates compare the candidate's metrics with; asked for where there is no champion to compare with.
    package var bounds: [MetricBound]
    package var gates: [GateAnswer]

    package init(
        object: ObjectID, model: ObjectID, location: SourceLocation? = nil, championNote: String? = nil,
        champion: VersionID? = nil, candidate: VersionID? = nil, metrics: [MetricComparison] = [],
        bounds: [MetricBound] = [], gates: [GateAnswer] = []
    ) {
        self.object = object
        self.model = model
        self.location = location
        self.championNote = championNote
        self.champion = champion
        self.candidate = candidate
        self.metrics = metrics
        self.bounds = bounds
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
