import Synchronization
import Testing

@testable import CEL

@Suite struct LimitsTests {
    static func environment(_ change: (inout Limits) -> Void = { _ in }) -> Environment {
        var environment = Environment()
        environment.declare("n", .list(.int))
        change(&environment.limits)
        return environment
    }

    static func kind(_ source: String, _ change: (inout Limits) -> Void = { _ in }) throws -> EvaluationError.Kind? {
        let environment = environment(change)
        let activation = Activation(environment)
        activation["n"] = .list((0..<1_000).map { .int($0) })
        guard case .error(let error) = try environment.compile(source).evaluate(activation).result else { return nil }
        return error.kind
    }

    @Test(arguments: [
        String(repeating: "(", count: 300) + "1" + String(repeating: ")", count: 300),
        String(repeating: "!", count: 1_000) + "true",
        String(repeating: "[", count: 300) + String(repeating: "]", count: 300),
        "1" + String(repeating: " + 1", count: 1_000),
        "a" + String(repeating: ".a", count: 1_000),
        String(repeating: "true ? 1 : ", count: 1_000) + "1",
        String(repeating: "[1].map(x, ", count: 300) + "1" + String(repeating: ")", count: 300),
    ])
    func `deep nesting is refused`(source: String) {
        #expect(throws: CompilationError.self) { try Environment().compile(source) }
        #expect(throws: CompilationError.self) { try ExpressionFormatter.format(source) }
    }

    @Test func `a long conjunction is flat`() throws {
        let source = Array(repeating: "true", count: 5_000).joined(separator: " && ")
        #expect(try Environment().compile(source).evaluate(Activation(Environment())).result.description == "true")
    }

    @Test func `a thousand mistakes are told by the first fifty`() throws {
        let source = "[" + (0..<1_000).map { "missing\($0)" }.joined(separator: ", ") + "]"
        do throws(CompilationError) {
            _ = try Environment().compile(source)
            Issue.record("undeclared names were accepted")
        } catch {
            #expect(error.diagnostics.count == 50)
        }
    }

    @Test func `a long source is refused`() {
        #expect(throws: CompilationError.self) {
            try Environment().compile(String(repeating: " ", count: 70_000) + "1")
        }
    }

    @Test func `the cost limit ends an evaluation, and logic does not hide it`() throws {
        #expect(try Self.kind("n.all(a, n.all(b, n.all(c, true)))") == .costLimit)
        #expect(try Self.kind("n.all(a, n.all(b, n.all(c, true))) || true") == .costLimit)
        #expect(try Self.kind("n.exists(a, n.all(b, n.all(c, true))) ? 1 : 2") == .costLimit)
    }

    @Test func `values that double cannot fill memory`() throws {
        let growing = (0..<60).reversed().reduce("size(v60)") { body, index in
            "cel.bind(v\(index + 1), v\(index) + v\(index), \(body))"
        }
        #expect(try Self.kind("cel.bind(v0, 'abcdefgh', \(growing))") != nil)
        #expect(try Self.kind("cel.bind(v0, [1, 2, 3], \(growing))") != nil)
        let shared = (0..<60).reversed().reduce("v60 == v60") { body, index in
            "cel.bind(v\(index + 1), [v\(index), v\(index)], \(body))"
        }
        #expect(try Self.kind("cel.bind(v0, [1], \(shared))") == .costLimit)
        let printed = shared.replacing("v60 == v60", with: "'%s'.format([v60])")
        #expect(try Self.kind("cel.bind(v0, [1], \(printed))") != nil)
        let flattened = shared.replacing("v60 == v60", with: "v60.flatten(100)")
        #expect(try Self.kind("cel.bind(v0, [1], \(flattened))") != nil)
    }

    @Test(arguments: ["lists.range(9223372036854775807)", "'a'.matches(n.size() > 0 ? '(a{1000}){1000}' : 'a')"])
    func `single calls are bounded too`(source: String) throws {
        #expect(try Self.kind(source) != nil)
    }

    @Test func `string and list limits hold`() throws {
        #expect(try Self.kind("'abc' + string(n.size())") { $0.stringBytes = 5 } == .sizeLimit)
        #expect(try Self.kind("n + n") { $0.elements = 1_500 } == .sizeLimit)
    }

    @Test func `cancellation stops a loop`() throws {
        let environment = Self.environment()
        let activation = Activation(environment)
        activation["n"] = .list((0..<100_000).map { .int($0) })
        let looks = Mutex(0)
        let program = try environment.compile("n.all(a, a >= 0)")
        let result = program.evaluate(activation) {
            looks.withLock { count in
                count += 1
                return count == 3
            }
        }
        guard case .error(let error) = result.result else {
            Issue.record("the evaluation went on")
            return
        }
        #expect(error.kind == .cancelled)
        #expect(result.cost < 5_000)
    }

    @Test func `costs are those of the table`() throws {
        var environment = Self.environment()
        environment.sizeBounds["n"] = 1_000
        let activation = Activation(environment)
        activation["n"] = .list((0..<10).map { .int($0) })
        // One for the name, and for each element one for the turn, one for the variable and one for the call.
        let program = try environment.compile("n.all(a, a >= 0)")
        #expect(program.evaluate(activation).cost == 31)
        #expect(program.cost == CostEstimate(1, 3_001))
        #expect(try environment.compile("'abc' in n.map(x, 'a')").cost.maximum < .max)
        #expect(try environment.compile("n.map(x, n).map(y, y.size())").cost.maximum < .max)
    }

    @Test func `without a bound there is no most`() throws {
        #expect(try Self.environment().compile("n.all(a, a >= 0)").cost.maximum == .max)
    }
}
