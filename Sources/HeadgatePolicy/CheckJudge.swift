import CEL
package import HeadgateCore
import Synchronization

/// Answers a rollout's checks: CEL over the traffic of `candidate` and `stable`, and over `queries`.
package final class CheckJudge: Sendable {
    private struct Compiled: Sendable {
        let environment: Environment
        let program: Program
        let attributes: [CompiledPolicy.Attribute]
    }

    /// What an expression is compiled against.
    private struct Question: Hashable {
        let source: String
        let queries: [String]
        /// Queries that are asked once for each version.
        let metrics: [String]

        init(_ check: CheckSpec) {
            source = check.expression.source
            queries = check.queries.filter { !$0.isPerVersion }.map(\.name)
            metrics = check.queries.filter(\.isPerVersion).map(\.name)
        }

        var environment: Environment { CheckSchema.environment(queries: queries, metrics: metrics) }
    }

    private let cache = Mutex<[Question: Compiled?]>([:])

    /// More compiled checks than this are dropped and made again.
    private static let cacheLimit = 10_000

    /// With an empty cache.
    package init() {}

    // MARK: Checking

    /// What is wrong with a strategy's checks by themselves, with file, line, column and the nearest name.
    package func check(_ strategy: StrategySpec) -> [HeadgateCore.Diagnostic] {
        strategy.placedChecks.flatMap { field, check in problems(check, "\(field).expression") }
    }

    private func problems(_ check: CheckSpec, _ field: String) -> [HeadgateCore.Diagnostic] {
        let expression = check.expression
        func problem(_ text: String, at offset: Int, hint: String? = nil) -> HeadgateCore.Diagnostic {
            HeadgateCore.Diagnostic(
                .error, code: "invalid-expression", text, at: expression.location(atOffset: offset), field: field,
                hint: hint)
        }
        do {
            let program = try Question(check).environment.compile(expression.source)
            guard program.resultType != .bool, program.resultType != .dyn else { return [] }
            return [problem("a check must give a bool, not \(program.resultType)", at: 0)]
        } catch {
            return error.diagnostics.map {
                problem("\($0.message)\n\($0.excerpt)", at: $0.location.offset, hint: $0.hint)
            }
        }
    }

    package func readsStable(_ check: CheckSpec) -> Bool {
        compiled(check)?.attributes.contains { $0.path == "stable" || $0.path.hasPrefix("stable.") } ?? false
    }

    // MARK: Answering

    package func answer(_ request: CheckRequest, queries: [String: QueryValue]) -> CheckAnswer {
        let check = request.check
        guard let compiled = compiled(check) else {
            return .inconclusive("the expression of check \(check.name) does not compile")
        }
        let activation = activation(request, queries, compiled.environment)
        let trace = ComparisonTrace()
        let result = ComparisonTrace.$current.withValue(trace) { compiled.program.evaluate(activation).result }
        let read = numbers(compiled, activation)
        let numbers = read.merging(trace.numbers) { $1 }
        let values = read.sorted { $0.key < $1.key }.map { "\($0.key) = \($0.value.brief)" }
        let told = (values + (trace.text.isEmpty ? [] : [trace.text])).joined(separator: ", ")
        switch result {
        case .value(.bool(true)): return .pass("\(check.expression.source) holds: \(told)", numbers: numbers)
        case .value(.bool(false)): return .fail("\(check.expression.source) is false: \(told)", numbers: numbers)
        case .value(let other): return .inconclusive("gave \(other.shown), not a bool", numbers: numbers)
        case .unknown(let set):
            if !trace.text.isEmpty { return .inconclusive(trace.text, numbers: numbers) }
            let waits = set.paths.map { path in missing(path, check, queries).map { "\(path) (\($0))" } ?? path }
            return .inconclusive("waits for \(waits.joined(separator: ", "))", numbers: numbers)
        case .error(let error): return .inconclusive(error.message, numbers: numbers)
        }
    }

    private func activation(
        _ request: CheckRequest, _ queries: [String: QueryValue], _ environment: Environment
    ) -> Activation {
        func record(_ type: String, _ path: String, _ prefix: String, _ names: [String]) -> Value {
            .record(
                RecordValue(
                    type,
                    names.map { name in
                        guard case .number(let number) = queries["\(prefix)\(name)"], number.isFinite else {
                            return (name, .unknown(UnknownSet("\(path).\(name)")))
                        }
                        return (name, .double(number))
                    }))
        }
        let question = Question(request.check)
        func statistics(_ window: TrafficWindow, _ role: String) -> Value {
            let metrics = record("Metrics", "\(role).metrics", "\(role).", question.metrics)
            return EvidenceValues.statistics(window, role, metrics: metrics)
        }
        let activation = Activation(environment)
        activation.unsetIsUnknown = true
        activation["candidate"] = statistics(request.candidate, "candidate")
        if let stable = request.stable { activation["stable"] = statistics(stable, "stable") }
        activation["queries"] = record("Queries", "queries", "", question.queries)
        return activation
    }

    /// Why a query has no value.
    private func missing(_ path: String, _ check: CheckSpec, _ queries: [String: QueryValue]) -> String? {
        for query in check.queries {
            let names =
                query.isPerVersion
                ? ["candidate", "stable"].map { ("\($0).metrics.\(query.name)", "\($0).\(query.name)") }
                : [("queries.\(query.name)", query.name)]
            guard let key = names.first(where: { $0.0 == path })?.1 else { continue }
            switch queries[key] {
            case .missing(let reason): return reason
            case .number: return "not a finite number"
            case nil: return "nothing to ask for this version"
            }
        }
        return nil
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

    private func compiled(_ check: CheckSpec) -> Compiled? {
        let question = Question(check)
        if let known = cache.withLock({ $0[question] }) { return known }
        let environment = question.environment
        let compiled = (try? environment.compile(question.source)).flatMap { program -> Compiled? in
            guard program.resultType == .bool || program.resultType == .dyn else { return nil }
            let attributes = program.attributes.compactMap { path in
                (try? environment.compileUnchecked(path)).map { CompiledPolicy.Attribute(path: path, program: $0) }
            }
            return Compiled(environment: environment, program: program, attributes: attributes)
        }
        cache.withLock { cache in
            if cache.count >= Self.cacheLimit { cache.removeAll() }
            cache[question] = .some(compiled)
        }
        return compiled
    }
}
