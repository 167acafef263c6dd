import CEL
package import HeadgateCore
import Synchronization

/// Answers a rollout's checks: CEL over the traffic of `candidate` and `stable`, and over `queries`.
package final class CheckJudge: Sendable {
    private struct Compiled: Sendable {
        let program: Program
        let attributes: [CompiledPolicy.Attribute]
    }

    private let environment: Environment
    private let cache = Mutex<[String: Compiled?]>([:])

    /// More compiled checks than this are dropped and made again.
    private static let cacheLimit = 10_000

    package init() {
        var environment = Environment()
        for record in EvidenceSchema.records where record.name == "Statistics" || record.name == "Latency" {
            environment.declare(record)
        }
        environment.declare("candidate", .record("Statistics"))
        environment.declare("stable", .record("Statistics"))
        environment.declare("queries", .map(.string, .double))
        Comparisons.declare(in: &environment)
        self.environment = environment
    }

    /// What is wrong with a check's expression by itself.
    package func check(_ expression: PolicyExpression) -> [String] {
        do {
            let program = try environment.compile(expression.source)
            return program.resultType == .bool || program.resultType == .dyn
                ? [] : ["a check must give a bool, not \(program.resultType)"]
        } catch {
            return error.diagnostics.map(\.rendered)
        }
    }

    package func readsStable(_ check: CheckSpec) -> Bool {
        compiled(check.expression)?.attributes.contains { $0.path == "stable" || $0.path.hasPrefix("stable.") } ?? false
    }

    package func answer(_ request: CheckRequest, queries: [String: QueryValue]) -> CheckAnswer {
        guard let compiled = compiled(request.check.expression) else {
            return .inconclusive("the expression of check \(request.check.name) does not compile")
        }
        let activation = Activation(environment)
        activation.unsetIsUnknown = true
        activation["candidate"] = EvidenceValues.statistics(request.candidate, "candidate")
        if let stable = request.stable { activation["stable"] = EvidenceValues.statistics(stable, "stable") }
        activation["queries"] = .map(
            MapValue(
                queries.map { name, value in
                    switch value {
                    case .number(let number) where number.isFinite: (name, .double(number))
                    case .number, .missing: (name, .unknown(UnknownSet("queries.\(name)")))
                    }
                }, absence: .unknown(path: "queries")))
        let numbers = numbers(compiled, activation)
        switch compiled.program.evaluate(activation).result {
        case .value(.bool(true)): return .pass(request.check.expression.source, numbers: numbers)
        case .value(.bool(false)):
            let values = numbers.sorted { $0.key < $1.key }.map { "\($0.key) = \($0.value)" }
            return .fail(
                "\(request.check.expression.source) is false: \(values.joined(separator: ", "))", numbers: numbers)
        case .value(let other): return .inconclusive("gave \(other.shown), not a bool", numbers: numbers)
        case .unknown(let set):
            return .inconclusive("waits for \(set.paths.joined(separator: ", "))", numbers: numbers)
        case .error(let error): return .inconclusive(error.message, numbers: numbers)
        }
    }

    private func numbers(_ compiled: Compiled, _ activation: Activation) -> [String: Double] {
        var numbers: [String: Double] = [:]
        for attribute in compiled.attributes {
            switch attribute.program.evaluate(activation).value {
            case .double(let number): numbers[attribute.path] = number
            case .int(let number): numbers[attribute.path] = Double(number)
            default: continue
            }
        }
        return numbers
    }

    private func compiled(_ expression: PolicyExpression) -> Compiled? {
        if let known = cache.withLock({ $0[expression.source] }) { return known }
        let compiled = (try? environment.compile(expression.source)).map { program in
            Compiled(
                program: program,
                attributes: program.attributes.compactMap { path in
                    (try? environment.compileUnchecked(path)).map { CompiledPolicy.Attribute(path: path, program: $0) }
                })
        }
        cache.withLock { cache in
            if cache.count >= Self.cacheLimit { cache.removeAll() }
            cache[expression.source] = compiled
        }
        return compiled
    }
}
