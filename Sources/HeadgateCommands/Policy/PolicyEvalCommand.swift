import ArgumentParser
import CEL
import Foundation
import HeadgateAPI
import HeadgateCore
import HeadgatePolicy

/// The command `headgate policy eval EXPRESSION --evidence FILE`.
struct PolicyEvalCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eval", abstract: "Evaluate an expression on evidence from a file, as a gate or a check does.",
        usage: """
            headgate policy eval <expression> [--evidence <file>] [--policy <file>] [--at <gate> | --at check | --plain] \
            [--explain]
            """,
        discussion: """
            Prints the value and the cost; with --explain every sub-expression's value.

            A file whose members are all evidence of a gate (\(EvidenceTrial.names.joined(separator: ", "))) is read as \
            a gate has it: declared records, so that a misspelt field is refused; numbers of metrics are doubles, times \
            are timestamps; and what the file leaves out is unknown. --at insists on it and says which gate asks.

            A file of \(EvidenceTrial.checkNames.joined(separator: ", ")) is read as a check of a rollout has it: the \
            traffic of both versions, and what queries gave; --at check insists on it. Any other file is plain JSON, \
            each member a variable; --plain insists on that.

            Exits with 1 for false, 2 when the value cannot be told (an error or unknown), 64 when the expression does \
            not compile or the evidence does not fit.
            """)

    // An array, since only then an expression may begin with a minus sign.
    @Argument(parsing: .allUnrecognized, help: ArgumentHelp("The expression.", valueName: "expression"))
    var expressions: [String]
    @Option(help: "A JSON or YAML file; each member is a variable.")
    var evidence: String?
    @Option(help: "A file with the Policy whose params and variables may be read; FILE#NAME for one of several.")
    var policy: String?
    @Option(help: "Whose report the file is: json, evidently, deepchecks, mlflow or dvc.")
    var format = ReportFormat.json
    @Option(
        help: """
            As the gate does: plan, validate, release or rollout; or as a check of a rollout does: check. What the file \
            leaves out is unknown.
            """)
    var at: Place?
    @Flag(help: "Take the file as plain JSON, whatever its members are called.")
    var plain = false
    @Flag(help: "Print the value of every sub-expression.")
    var explain = false

    /// Where an expression is asked.
    enum Place: String, ExpressibleByArgument, CaseIterable {
        case plan, validate, release, rollout, check

        /// Nil for a check of a rollout.
        var gate: GateMoment? { GateMoment(rawValue: rawValue) }
    }

    func validate() throws {
        if let option = expressions.first(where: { $0.hasPrefix("--") }) {
            throw ValidationError("Unknown option '\(option)'")
        }
        guard expressions.count == 1 else {
            throw ValidationError("Expected one expression, found \(expressions.count): quote it for the shell.")
        }
        if plain, at != nil { throw ValidationError("--plain and --at exclude each other.") }
        if policy != nil, plain || format != .json || at == .check {
            throw ValidationError("--policy is for what a gate asks: leave out --plain, --format and --at check.")
        }
        if format != .json, at != nil { throw ValidationError("a report of a tool is no evidence: leave out --at.") }
    }

    func run() async throws {
        let trial = try trial()
        for problem in trial.problems { Terminal.note("\(problem)") }
        guard trial.problems.isEmpty else {
            if !trial.isCheck, trial.given.allSatisfy(EvidenceTrial.checkNames.contains) {
                Terminal.note("--at check takes the file as a check of a rollout does.")
            }
            if at == nil {
                Terminal.note("Every member is called as evidence; --plain takes them as plain JSON.")
            }
            throw ExitCode(64)
        }
        if let (names, moment) = trial.leftOut {
            Terminal.note("unknown at \(moment.rawValue), whatever the file gives: \(names.joined(separator: ", "))")
        }
        let program: Program
        do {
            program = try trial.environment.compile(expressions[0])
        } catch {
            Terminal.note(error.description)
            for hint in hints(error, trial) { Terminal.note(" = \(hint)") }
            throw ExitCode(64)
        }
        let (evaluation, judged) = trial.evaluate(program)
        if explain { PolicyExplanation.print(program, trial.activation) }
        switch evaluation.result {
        case .value(let value): print(value.literal())
        case .unknown(let set):
            print("unknown: waits for \(set.paths.joined(separator: ", "))")
            print("left: \(program.residual(trial.activation))")
        case .error(let error):
            Terminal.note(program.explain(trial.activation).failure?.rendered ?? error.message)
        }
        if let judged { Terminal.note(judged) }
        let most = program.cost.maximum == .max ? "no bound" : String(program.cost.maximum)
        print("cost \(evaluation.cost), estimated \(program.cost.minimum) to \(most)")
        switch evaluation.result {
        case .value(.bool(false)): throw ExitCode(1)
        case .value: return
        case .unknown, .error: throw ExitCode(2)
        }
    }

    private func trial() throws -> EvidenceTrial {
        let document = try read() ?? PlacedJSON(.object([:]))
        if format != .json { return EvidenceTrial(report: document.value) }
        let names = document.value.sortedMembers.map(\.name)
        let isOfCheck = names.allSatisfy(EvidenceTrial.checkNames.contains) && names.contains { $0 != "candidate" }
        if at == .check || at == nil && policy == nil && !plain && isOfCheck {
            return EvidenceTrial(asInCheck: document)
        }
        let policy = try namedPolicy()
        if at != nil || policy != nil {
            return EvidenceTrial(asAtGate: document, moment: at?.gate, policy: policy.map { ($0.name, $0.spec) })
        }
        let strange = names.filter { !EvidenceTrial.names.contains($0) }
        // Nothing given is evidence of which nothing is known.
        if plain || evidence == nil || !names.isEmpty && strange.count == names.count {
            return EvidenceTrial(plain: document.value)
        }
        guard let first = strange.first else { return EvidenceTrial(asAtGate: document, moment: nil) }
        let near = Spelling.nearest(to: first, among: EvidenceTrial.names).map { "; did you mean \"\($0)\"?" } ?? ""
        Terminal.note(
            "taken as plain JSON, since a gate has no evidence \"\(first)\"\(near) (--at GATE insists, --plain agrees)")
        return EvidenceTrial(plain: document.value)
    }

    /// The policy that is named; what is wrong with it is told at once.
    private func namedPolicy() throws -> PolicyFiles.Policy? {
        guard let policy else { return nil }
        let parts = policy.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let files = try PolicyFiles(of: parts[0])
        let found = files.policies.filter { parts.count == 1 || $0.name.text == parts[1] }
        guard found.count <= 1 else {
            let names = found.map(\.name.text).joined(separator: ", ")
            throw Self.unusable("\(parts[0]) has several policies: name one as \(parts[0])#NAME; there are \(names)")
        }
        let problems =
            found.isEmpty ? files.diagnostics : found.flatMap { PolicyJudge().check($0.name, $0.spec) }
        for problem in problems { Terminal.note(files.text(of: problem)) }
        guard let found = found.first else {
            throw Self.unusable("\(parts[0]) has no policy" + (parts.count == 1 ? "" : " \(parts[1])"))
        }
        if !problems.isEmpty { throw ExitCode(64) }
        return found
    }

    private func read() throws -> PlacedJSON? {
        guard let evidence else { return nil }
        // Read to the limit and no further: it may be a pipe, or have no end.
        guard let file = FileHandle(forReadingAtPath: evidence),
            let data = try? file.read(upToCount: PolicyFiles.maxEvidenceSize + 1) ?? Data()
        else { throw Self.unusable("\(evidence) cannot be read") }
        guard data.count <= PolicyFiles.maxEvidenceSize else {
            throw Self.unusable("\(evidence) is larger than \(PolicyFiles.maxEvidenceSize >> 20) MiB")
        }
        do {
            guard format == .json else { return PlacedJSON(try EvidenceFile.report(Array(data), format, evidence)) }
            let name = URL(fileURLWithPath: evidence).lastPathComponent
            guard let file = RepositoryPath(evidence) ?? RepositoryPath(name) else {
                return PlacedJSON(try EvidenceFile.object(Array(data), evidence))
            }
            return try EvidenceFile.evidence(Array(data), file: file)
        } catch {
            throw Self.unusable("\(error)")
        }
    }

    private static func unusable(_ message: String) -> APIProblem { APIProblem(.invalid, message) }

    /// What to do about a name that is not there.
    private func hints(_ error: CompilationError, _ trial: EvidenceTrial) -> [String] {
        guard !trial.isCheck else { return [] }
        let isOfCheck = EvidenceTrial.canCheck(expressions[0])
        if isOfCheck, !EvidenceTrial.canAsk(expressions[0]) {
            let how = evidence == nil ? ", with a file of \(EvidenceTrial.checkNames.joined(separator: ", "))" : ""
            return ["a check of a rollout may ask this: try it with --at check\(how)"]
        }
        let own = EvidenceTrial.ownNames(in: expressions[0])
            .filter { policy == nil && !trial.given.contains($0.group) }
        var hints: [String] = []
        if !own.isEmpty {
            let groups = own.map(\.group).joined(separator: " and ")
            let members = own.map {
                "\"\($0.group)\": {\($0.names.map { "\"\($0)\": VALUE" }.joined(separator: ", "))}"
            }
            let place = evidence.map { "add to \($0)" } ?? "give with --evidence"
            hints.append(
                "\(groups) are a policy's own: name its file with --policy, or \(place) {\(members.joined(separator: ", "))}"
            )
        }
        let missing = EvidenceTrial.names.filter { name in
            !trial.environment.variableNames.contains(name) && !own.contains { $0.group == name }
                && error.diagnostics.contains { $0.message == "undeclared name '\(name)'" }
        }
        if !missing.isEmpty {
            let given = trial.given.joined(separator: ", ")
            let what = "evidence gives \(missing.joined(separator: ", ")): "
            let shape = EvidenceTrial.shape(of: missing, in: expressions[0]).map { ", such as \($0)" } ?? ""
            hints.append(
                evidence == nil
                    ? what + "name a JSON or YAML file with --evidence\(shape), or see what the value waits for with "
                        + "--at validate"
                    : what + "the file gives \(given.isEmpty ? "nothing" : given)")
        }
        if isOfCheck { hints.append("a check of a rollout may ask this, too: --at check") }
        return hints
    }
}

extension ReportFormat: ExpressibleByArgument {}
