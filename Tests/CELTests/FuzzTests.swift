import Foundation
import Testing

@testable import CEL

/// Random expressions over a fixed world, in which some things are known later.
@Suite struct FuzzTests {
    static let environment: Environment = {
        var environment = Environment()
        environment.declare(RecordType(name: "Note", fields: ["title": .string, "other": .dyn], isOpen: false))
        environment.declare(
            RecordType(
                name: "Later",
                fields: [
                    "flag": .bool, "count": .int, "rate": .double, "name": .string, "items": .list(.int),
                    "map": .map(.string, .int), "moment": .timestamp,
                ]
            )
        )
        environment.declare("flag", .bool)
        environment.declare("count", .int)
        environment.declare("total", .uint)
        environment.declare("rate", .double)
        environment.declare("name", .string)
        environment.declare("raw", .bytes)
        environment.declare("items", .list(.int))
        environment.declare("words", .list(.string))
        environment.declare("mixed", .dyn)
        environment.declare("partial", .list(.double))
        environment.declare("scores", .map(.string, .double))
        environment.declare("anything", .map(.string, .dyn))
        environment.declare("moment", .timestamp)
        environment.declare("span", .duration)
        environment.declare("record", .record("Note"))
        environment.declare("later", .record("Later"))
        environment.declare("soon", .dyn)
        environment.sizeBounds = [
            "name": 40, "raw": 10, "items": 5, "words": 4, "words[]": 8, "scores": 3, "anything": 4, "partial": 3,
            "record.title": 10, "later.name": 12, "later.items": 3, "later.map": 2,
        ]
        environment.limits.cost = 20_000
        environment.limits.stringBytes = 100_000
        environment.limits.elements = 10_000
        return environment
    }()

    /// The world; with `isComplete` false, what comes later is unknown.
    static func activation(isComplete: Bool) throws -> Activation {
        let activation = Activation(environment)
        activation["flag"] = .bool(true)
        activation["count"] = .int(3)
        activation["total"] = .uint(12)
        activation["rate"] = .double(0.25)
        activation["name"] = .string("grey zebra of Århus")
        activation["raw"] = .bytes([1, 2, 255])
        activation["items"] = .list([3, 1, 2, 5].map { .int($0) })
        activation["words"] = Value.strings(["abc", "b", "ünï"])
        activation["mixed"] = .list([.int(1), .string("abc"), .double(2.5), .null, .list([.int(1)])])
        let missing = Value.unknown(UnknownSet("partial[1]"))
        activation["partial"] = .list([.double(1), isComplete ? .double(2) : missing, .double(0.5)])
        let absence = MapValue.Absence.unknown(path: "scores")
        let unreported = Value.unknown(UnknownSet("scores.f1"))
        var entries = [("auc", Value.double(0.91)), ("f1", isComplete ? .double(0.8) : unreported)]
        if isComplete { entries.append(("recall", .double(0.7))) }
        activation["scores"] = .map(MapValue(entries, absence: isComplete ? .error : absence))
        activation["anything"] = .map([("a", .int(4)), ("b", .string("x")), ("c", .list([.int(9)]))])
        activation["moment"] = .timestamp(try #require(Timestamp(seconds: 1_770_000_000)))
        activation["span"] = .duration(try #require(TimeSpan(seconds: 5400)))
        activation["record"] = .record(RecordValue("Note", [("title", .string("a note"))]))
        if isComplete {
            let fields: [(String, Value)] = [
                ("flag", .bool(false)), ("count", .int(2)), ("rate", .double(0.75)), ("name", .string("later")),
                ("items", .list([.int(8)])), ("map", .map([("x", .int(1))])),
                ("moment", .timestamp(try #require(Timestamp(seconds: 1_780_000_000)))),
            ]
            activation["later"] = .record(RecordValue("Later", fields))
            activation["soon"] = .map([("flag", .bool(true)), ("auc", .double(0.5)), ("x", .int(1))])
        } else {
            activation["later"] = .record(RecordValue("Later", [], absence: .unknown(path: "later")))
            activation["soon"] = .unknown(UnknownSet("soon"))
        }
        return activation
    }

    /// How many inputs to try: 100,000 in an optimised build, as CI makes, and as many as `CEL_FUZZ` says.
    static let count = ProcessInfo.processInfo.environment["CEL_FUZZ"].flatMap { Int($0) } ?? usualCount

    #if DEBUG
        private static let usualCount = 4_000
    #else
        private static let usualCount = 100_000
    #endif

    static let seed = ProcessInfo.processInfo.environment["CEL_FUZZ_SEED"].flatMap { UInt64($0) } ?? 1

    @Test(arguments: 0..<8)
    func `no input crashes, and both evaluators agree in value and cost`(part: Int) throws {
        var examiner = try Examiner()
        for index in stride(from: part, to: Self.count, by: 8) {
            var generator = ExpressionGenerator(seed: Self.seed &* 1_000_003 &+ UInt64(index))
            let source = index % 5 == 4 ? generator.noise() : generator.expression()
            if let finding = examiner.examine(source) {
                Issue.record("seed \(Self.seed), input \(index): \(source)\n\(finding)")
                return
            }
        }
        #expect(examiner.evaluated > Self.count / 8 / 4, "too few inputs were expressions")
        #expect(examiner.values > examiner.evaluated / 5, "too few expressions had a value")
        #expect(examiner.unknowns > 0)
    }
}

/// Tries one input in every way.
struct Examiner {
    private let complete: Activation
    private let incomplete: Activation
    private(set) var evaluated = 0
    private(set) var values = 0
    private(set) var unknowns = 0

    init() throws {
        complete = try FuzzTests.activation(isComplete: true)
        incomplete = try FuzzTests.activation(isComplete: false)
    }

    /// What is wrong, or nil.
    mutating func examine(_ source: String) -> String? {
        let environment = FuzzTests.environment
        guard let program = try? environment.compileUnchecked(source) else {
            if (try? environment.compile(source)) != nil { return "checked, yet refused unchecked" }
            return nil
        }
        evaluated += 1
        let whole = Self.evaluate(program, complete)
        if case .value = whole.outcome { values += 1 }
        if let difference = whole.difference { return difference }
        let partial = Self.evaluate(program, incomplete, isComplete: false)
        if case .unknown = partial.outcome { unknowns += 1 }
        if let difference = partial.difference { return "incomplete: \(difference)" }
        if let reason = soundness(program, whole.outcome, partial.outcome) { return reason }
        if let reason = printing(program, whole.outcome) { return reason }
        _ = program.explain(incomplete)
        if let reason = explaining(program, whole.outcome) { return reason }
        guard let checked = try? environment.compile(source) else { return nil }
        let result = Self.evaluate(checked, complete)
        if let difference = result.difference { return "checked: \(difference)" }
        guard result.cost <= checked.cost.maximum || result.isLimited else {
            return "cost \(result.cost) passes the estimate \(checked.cost)"
        }
        guard result.cost >= checked.cost.minimum || !result.isValue else {
            return "cost \(result.cost) is less than the estimate \(checked.cost)"
        }
        return nil
    }

    struct Result {
        let outcome: Evaluation.Outcome
        let cost: UInt64
        let difference: String?

        var isValue: Bool { if case .value = outcome { true } else { false } }
        var isLimited: Bool { if case .error(let error) = outcome { error.isFatal } else { false } }
    }

    static func evaluate(_ program: Program, _ activation: Activation, isComplete: Bool = true) -> Result {
        let meter = Meter(limits: program.limits)
        let plain = program.evaluatePlainly(activation, meter)
        let whole = program.evaluate(activation)
        var difference: String?
        let isSettled = isComplete || !whole.isLimited
        if isSettled, !isSame(plain.result, whole.result) || isComplete && plain.cost != whole.cost {
            difference = "plain \(plain.result) for \(plain.cost), whole \(whole.result) for \(whole.cost)"
        }
        switch (program.compiled.evaluate(activation, meter), plain.result) {
        case (nil, .value) where isComplete && !program.source.contains("cel."):
            difference = "the fast evaluator gave up where there is a value"
        case (let fast?, _):
            if case .error = fast.result, !isComplete { break }
            if !isSame(fast.result, plain.result) {
                difference = "fast \(fast.result) for \(fast.cost), plain \(plain.result) for \(plain.cost)"
            }
            if isComplete, fast.cost != plain.cost { difference = "fast cost \(fast.cost), plain cost \(plain.cost)" }
        case (nil, _): break
        }
        return Result(outcome: whole.result, cost: whole.cost, difference: difference)
    }

    static func isSame(_ a: Evaluation.Outcome, _ b: Evaluation.Outcome) -> Bool {
        switch (a, b) {
        case (.value(let x), .value(let y)): x.description == y.description && x.typeName == y.typeName
        case (.error(let x), .error(let y)): x.kind == y.kind
        case (.unknown(let x), .unknown(let y)): x == y
        default: false
        }
    }

    /// An explanation is of the same evaluation, an error has a place, and a value's text is the value again.
    private func explaining(_ program: Program, _ outcome: Evaluation.Outcome) -> String? {
        let explanation = program.explain(complete)
        if !Self.isSame(explanation.evaluation.result, outcome) {
            return "explained as \(explanation.evaluation.result)"
        }
        let depths = explanation.steps.map(\.depth)
        if let first = depths.first, first != 0 { return "an explanation that begins at depth \(first)" }
        switch outcome {
        case .error(let error):
            return explanation.failure?.message == error.message ? nil : "an error without its place: \(error)"
        case .unknown: return nil
        case .value(let value):
            let text = value.literal(limit: 10_000)
            guard text.utf8.count < 10_000, explanation.failure == nil else { return nil }
            let again = (try? FuzzTests.environment.compileUnchecked(text))?.evaluate(complete).value?.literal()
            if again == text { return nil }
            var budget = 1_000
            return value.unknownPaths(budget: &budget).isEmpty ? "\(text) reads as \(again ?? "nothing")" : nil
        }
    }

    /// What is settled without the unknowns stays so with them, and the residual means the same.
    private func soundness(
        _ program: Program,
        _ whole: Evaluation.Outcome,
        _ partial: Evaluation.Outcome
    ) -> String? {
        if case .error(let error) = whole, error.isFatal { return nil }
        switch partial {
        case .value(let value):
            if case .value(let later) = whole, later.description == value.description { return nil }
            var budget = 1_000
            if !value.unknownPaths(budget: &budget).isEmpty { return nil }
            return "settled as \(value), but \(whole) when all is known"
        case .error(let error):
            if case .error = whole { return nil }
            return error.isFatal ? nil : "settled as \(error), but \(whole) when all is known"
        case .unknown:
            let residual = program.residual(incomplete)
            guard let rest = try? FuzzTests.environment.compileUnchecked(residual) else {
                return "the residual cannot be compiled: \(residual)"
            }
            let outcome = rest.evaluate(complete).result
            if case .error(let error) = outcome, error.isFatal { return nil }
            return Self.isSame(outcome, whole) ? nil : "residual \(residual) gives \(outcome), not \(whole)"
        }
    }

    private func printing(_ program: Program, _ whole: Evaluation.Outcome) -> String? {
        let printed = Unparser(tree: program.checked.tree).print(program.checked.tree.root)
        guard let again = try? FuzzTests.environment.compileUnchecked(printed) else {
            return "printed as what cannot be compiled: \(printed)"
        }
        let text = Unparser(tree: again.checked.tree).print(again.checked.tree.root)
        guard text == printed else { return "printed as \(printed), then as \(text)" }
        let outcome = again.evaluate(complete).result
        return Self.isSame(outcome, whole) ? nil : "printed as \(printed), which gives \(outcome), not \(whole)"
    }
}

extension Evaluation {
    /// Whether a limit ended the evaluation.
    fileprivate var isLimited: Bool {
        if case .error(let error) = result { error.isFatal } else { false }
    }
}
