import HeadgateCore
import HeadgateReport

extension ChangeReview {
    /// What a reader should know besides, each told once.
    func notes(_ executions: [ReviewReport.Execution]) async -> [String] {
        var notes = await knowledge.notes
        for note in training?.notes() ?? [] where !notes.contains(note) { notes.append(note) }
        if let unpublished = knowledge.unpublished, executions.contains(where: { $0.outcome == .succeeded }) {
            notes.append(unpublished)
        }
        return notes + given.strangers(in: head.desired)
    }

    /// What a reader should know of a subject: what a file gave for it, in vain or not, and by whom it is not guarded.
    func notes(
        on judged: JudgedSubject, _ subject: SubjectJudge.Subject, isChampionAside: Bool, _ judge: SubjectJudge
    ) -> [String] {
        let (model, candidate) = (subject.model, subject.candidate)
        var notes: [String] = []
        if !candidate.leftAside.isEmpty {
            let names = candidate.leftAside.joined(separator: ", ")
            notes.append("the evidence file gives \(names) of Model \(model); what its steps report counts")
        }
        if isChampionAside, let deployment = subject.deployment {
            notes.append(
                "the evidence file gives a champion of Deployment \(deployment); the one that its controller "
                    + "published counts")
        }
        notes += judge.unaskableAtBase(subject).map {
            "base has policy \($0) in error, so that head's text of it is asked alone"
        }
        if given.candidates?[model.text] != nil, candidate.evidence != nil {
            notes.append("evidence of Model \(model) is taken from a file, for what no step reports")
        }
        if subject.moves, judged.gates.isEmpty, !head.desired.policies.isEmpty || !base.policies.isEmpty {
            notes.append("no policy guards \(judged.object), though there are policies")
        }
        return notes
    }

    /// What gates wait for that somebody could give now, and how.
    func waits(_ subjects: [JudgedSubject], _ planned: [PlannedChange]) -> [String] {
        let changing = Set(planned.filter { $0.action == .run || $0.action == .wait }.map(\.object))
        let waiting = subjects.filter { Self.waits(of: $0).contains { $0.hasPrefix("candidate.") } }
        let comparing = subjects.filter {
            !waiting.contains($0) && Self.waits(of: $0).contains { $0.hasPrefix("champion") }
        }
        let training = self.training == nil ? waiting.filter { changing.contains($0.model) } : []
        let unchanged = waiting.filter { !changing.contains($0.model) }
        let notes: [(String, [String], [JudgedSubject])] = [
            ("gates wait for what steps would make, and none was run", ["--train changed"], training),
            ("gates wait for results that did not change and are not known here", [], unchanged),
            ("gates compare with a champion that is not known here", [], comparing),
        ]
        return notes.compactMap { text, first, subjects in
            let ways = first + [knowledge.way, Self.file(for: subjects)].compactMap(\.self)
            // Why a store does not know it is told elsewhere.
            return subjects.isEmpty || ways.isEmpty ? nil : "\(text): give \(ways.joined(separator: ", or "))"
        }
    }

    private static func waits(of subject: JudgedSubject) -> [String] {
        subject.gates.filter(\.counts).flatMap { $0.decisive?.forecast ?? [] }.flatMap(\.waitsFor)
    }

    /// The option of a file that holds what is waited for; nil where no file can.
    private static func file(for subjects: [JudgedSubject]) -> String? {
        var document = JSONValue.object([:])
        // A line, not a file: of many the first show how.
        for subject in subjects.prefix(3) {
            let waits = waits(of: subject)
            let sides = ["candidate", "champion"].map { side in
                waits.filter { $0.hasPrefix("\(side).metrics.") }.reduce(JSONValue.object([:])) {
                    let names = $1.split(separator: ".").dropFirst().map(String.init)
                    return $0.overlaid(with: nested(names, .string(GivenEvidence.placeholder)))
                }
            }
            if sides[0] != .object([:]) {
                document = document.overlaid(with: nested(["candidates", subject.model.name], sides[0]))
            }
            // Of a champion metrics can be given, and that there is one.
            if waits.contains(where: { $0 == "champion" || $0.hasPrefix("champion.metrics") }) {
                // What is asked of the champion is mostly what is asked of the candidate.
                let metrics = nested(["metrics"], .object([:])).overlaid(with: sides[0]).overlaid(with: sides[1])
                document = document.overlaid(with: nested(["champions", subject.object.name], metrics))
            }
        }
        return document == .object([:]) ? nil : "--evidence FILE that holds \(document.canonicalText)"
    }

    private static func nested(_ names: [String], _ value: JSONValue) -> JSONValue {
        names.reversed().reduce(value) { .object([$1: $0]) }
    }
}
