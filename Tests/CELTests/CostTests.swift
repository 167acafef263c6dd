import Testing

@testable import CEL

/// The estimate is a promise: whatever the values within the declared bounds, no evaluation costs more.
@Suite struct CostTests {
    static let environment: Environment = {
        var environment = Environment()
        environment.declare(
            RecordType(name: "Row", fields: ["name": .string, "score": .double, "tags": .list(.string)]))
        environment.declare("flag", .bool)
        environment.declare("count", .int)
        environment.declare("rate", .double)
        environment.declare("text", .string)
        environment.declare("raw", .bytes)
        environment.declare("numbers", .list(.int))
        environment.declare("words", .list(.string))
        environment.declare("scores", .map(.string, .double))
        environment.declare("rows", .list(.record("Row")))
        environment.declare("moment", .timestamp)
        environment.sizeBounds = [
            "text": 60, "raw": 40, "numbers": 12, "words": 8, "words[]": 25, "scores": 6, "rows": 9, "rows[].name": 30,
            "rows[].tags": 4, "rows[].tags[]": 15,
        ]
        environment.limits.cost = 10_000_000
        return environment
    }()

    /// Values within the bounds: at them for the first seed, anything below for others.
    static func activation(seed: UInt64) throws -> Activation {
        var random = SeededGenerator(seed: seed)
        func size(_ path: String) -> Int {
            let bound = environment.sizeBounds[path] ?? 0
            return seed == 0 ? bound : Int.random(in: 0...bound, using: &random)
        }
        func text(_ path: String) -> Value {
            // Few letters, so that comparisons look far into texts and find equals.
            let letters = ["a", "b", "-"]
            return .string((0..<size(path)).map { _ in letters[Int.random(in: 0..<3, using: &random)] }.joined())
        }
        func list(_ path: String, _ element: () -> Value) -> Value { .list((0..<size(path)).map { _ in element() }) }
        let activation = Activation(environment)
        activation["flag"] = .bool(Bool.random(using: &random))
        activation["count"] = .int(Int64.random(in: -3...12, using: &random))
        activation["rate"] = .double(Double.random(in: -1...1, using: &random))
        activation["text"] = text("text")
        activation["raw"] = .bytes((0..<size("raw")).map { _ in UInt8.random(in: 0...255, using: &random) })
        activation["numbers"] = list("numbers") { .int(Int64.random(in: -5...5, using: &random)) }
        activation["words"] = list("words") { text("words[]") }
        activation["scores"] = .map((0..<size("scores")).map { ("key\($0)", .double(Double($0) / 10)) })
        activation["rows"] = list("rows") {
            .record(
                RecordValue(
                    "Row",
                    [
                        ("name", text("rows[].name")), ("score", .double(Double.random(in: 0...1, using: &random))),
                        ("tags", list("rows[].tags") { text("rows[].tags[]") }),
                    ]))
        }
        activation["moment"] = .timestamp(try #require(Timestamp(seconds: 1_770_000_000)))
        return activation
    }

    /// Whether every cost of an expression lies within its estimate, for inputs at the bounds and below.
    static func violation(_ source: String, seeds: Range<UInt64>) throws -> String? {
        let program = try environment.compile(source)
        for seed in seeds {
            let evaluation = program.evaluate(try activation(seed: seed))
            let isWithin = evaluation.cost <= program.cost.maximum
            let isEnough = evaluation.value == nil || evaluation.cost >= program.cost.minimum
            if !isWithin || !isEnough { return "\(source): \(evaluation.cost) for input \(seed), not \(program.cost)" }
        }
        return nil
    }

    @Test(arguments: [
        "rows.all(r, r.score >= 0.5 && r.name != text)",
        "rows.exists_one(r, r.name == text)",
        "rows.filter(r, r.tags.exists(t, t in words)).size() > 3",
        "rows.map(r, r.name + '/' + text).exists(n, n.startsWith(text))",
        "numbers.map(a, numbers.map(b, a * b)).exists(l, l == numbers)",
        "words.exists(w, text.contains(w) || w.matches('^[ab]+-$'))",
        "text + text + text == text",
        "text in words && text in ['a', 'b', text]",
        "count in numbers ? numbers + numbers : [count]",
        "size(text) + size(raw) + size(words) + size(scores)",
        "scores.all(k, k.startsWith('key') && scores[k] < 1.0)",
        "scores.exists(k, v, v > rate && k != text)",
        "string(raw.size()) + string(rate) + string(count) + string(moment)",
        "bytes(text) == raw || raw + raw == bytes(text + text)",
        "rows.map(r, r.tags)[0] == words",
        "cel.bind(all, rows.filter(r, r.score > 0.2), all.size() > 2 && all.all(r, r.name != ''))",
        "numbers.filter(n, n > 0).sum() > 3 || numbers.max() > 2 && numbers.min() < 0",
        "rows.sortBy(r, r.score)[0].name != text",
        "timestamp('2026-01-31T12:00:00Z') < moment && moment - duration('1h') < moment",
        "optional.of(text).orValue('') == text && words[?2].hasValue()",
        "numbers.transformMap(i, n, n * 2).size() == numbers.size()",
        "[1, 2, 3].map(i, text).exists(t, t == 'no')",
        "'%s'.format([text]) == text || text.lowerAscii() == text",
        "math.greatest(count, 3) > 2 && math.abs(rate) < 1.0",
    ])
    func `no input within its bounds costs more than the estimate, or less`(source: String) throws {
        #expect(try Self.violation(source, seeds: 0..<200) == nil)
    }

    @Test(arguments: [
        "rows.all(r, r.score >= 0.5)", "words.exists(w, w == text)", "text.matches('^a+$')", "text in words",
        "rows.filter(r, r.tags.exists(t, t in words)).size() > 3", "numbers.map(a, numbers.map(b, a * b)).size()",
        "text + text", "rows.map(r, r.name + '/').exists(n, n.startsWith(text))", "scores.all(k, k != text)",
    ])
    func `what has bounds has a finite estimate that inputs at the bounds come near`(source: String) throws {
        let program = try Self.environment.compile(source)
        let actual = program.evaluate(try Self.activation(seed: 0)).cost
        #expect(program.cost.maximum < 100_000)
        #expect(actual <= program.cost.maximum && actual > 0)
    }

    @Test func `random expressions keep their estimates`() throws {
        var bounded = 0
        for index in 0..<UInt64(FuzzTests.count / 20) {
            var generator = ExpressionGenerator(seed: FuzzTests.seed &* 7_919 &+ index)
            guard let program = try? FuzzTests.environment.compile(generator.expression()),
                program.cost.maximum < .max
            else { continue }
            bounded += 1
            let evaluation = program.evaluate(try FuzzTests.activation(isComplete: true))
            if case .error(let error) = evaluation.result, error.isFatal { continue }
            guard evaluation.cost > program.cost.maximum else { continue }
            Issue.record("input \(index): \(program.source) costs \(evaluation.cost), estimated \(program.cost)")
            return
        }
        #expect(bounded > FuzzTests.count / 200, "too few expressions had an estimate")
    }
}
