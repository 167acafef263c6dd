import ArgumentParser
import CEL
import Foundation
import HeadgateCore
import HeadgatePolicy

/// The command `headgate policy eval EXPRESSION --evidence FILE`.
struct PolicyEvalCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eval", abstract: "Evaluate an expression on evidence from a JSON file.",
        discussion: """
            Prints the value and the cost; with --explain every sub-expression's value. Each member of the file is a \
            variable. Exits with 1 for false, 2 when the value cannot be told, 64 when the expression does not compile.
            """)

    @Argument(help: "The expression.")
    var expression: String
    @Option(help: "A JSON file; each member is a variable.")
    var evidence: String?
    @Option(help: "Whose report the file is: json, evidently, deepchecks, mlflow or dvc.")
    var format = ReportFormat.json
    @Flag(help: "Print the value of every sub-expression.")
    var explain = false

    func run() async throws {
        let variables = try read()
        var environment = Environment()
        for name in variables.keys.sorted() { environment.declare(name, .dyn) }
        let program: Program
        do {
            program = try environment.compile(expression)
        } catch {
            Terminal.note(error.description)
            throw ExitCode(64)
        }
        let activation = Activation(environment)
        for (name, value) in variables { activation[name] = EvidenceValues.plain(value) }
        if explain { PolicyExplanation.print(program, activation) }
        let evaluation = program.evaluate(activation)
        switch evaluation.result {
        case .value(let value): print(value.shown)
        case .unknown(let set): print("unknown: waits for \(set.paths.joined(separator: ", "))")
        case .error(let error): print("error: \(error.message)")
        }
        let most = program.cost.maximum == .max ? "no bound" : String(program.cost.maximum)
        print("cost \(evaluation.cost), estimated \(program.cost.minimum) to \(most)")
        switch evaluation.result {
        case .value(.bool(false)): throw ExitCode(1)
        case .value: return
        case .unknown, .error: throw ExitCode(2)
        }
    }

    private func read() throws -> [String: JSONValue] {
        guard let evidence else { return [:] }
        guard let data = FileManager.default.contents(atPath: evidence) else {
            throw ValidationError("\(evidence) cannot be read")
        }
        do {
            let document = try EvidenceFile.report(Array(data), format, evidence)
            if case .object(let members) = document { return members }
        } catch {
            throw ValidationError("\(error)")
        }
        throw ValidationError("\(evidence) is not a JSON object")
    }
}

extension ReportFormat: ExpressibleByArgument {}
