import CEL
import Testing

@Suite struct ConditionCoverageTests {
    private func program(_ source: String) throws -> Program {
        var environment = Environment()
        environment.declare("a", .bool)
        environment.declare("b", .bool)
        environment.declare("n", .int)
        environment.declare("list", .list(.int))
        environment.declare("any", .dyn)
        return try environment.compile(source)
    }

    private func activation(_ values: [String: Value]) throws -> Activation {
        var environment = Environment()
        for name in ["a", "b"] { environment.declare(name, .bool) }
        environment.declare("n", .int)
        environment.declare("list", .list(.int))
        environment.declare("any", .dyn)
        let activation = Activation(environment)
        activation.unsetIsUnknown = true
        for (name, value) in values { activation[name] = value }
        return activation
    }

    @Test(arguments: [
        ("a && b", ["a && b", "a", "b"]),
        ("n > 1 ? 'x' : 'y'", ["n > 1"]),
        ("list.all(i, i > 0)", ["list.all(i, i > 0)", "i > 0"]),
        ("any || !any", ["any || !any", "any", "!any", "any"]),
        ("true && a", ["true && a", "a"]),
        ("size(list.filter(i, any)) == 0", ["size(list.filter(i, any)) == 0", "any"]),
        ("any", []),
    ])
    func `conditions are what must be true or false, in source order`(_ source: String, _ expected: [String]) throws {
        #expect(ConditionCoverage(try program(source)).conditions.map(\.text) == expected)
    }

    @Test func `a condition is noted as it comes out, and not at all behind what decided`() throws {
        let program = try program("a && b")
        var coverage = ConditionCoverage(program)
        let first = program.evaluate(try activation(["a": .bool(false), "b": .bool(true)]), noting: &coverage)
        #expect(first.cost == program.evaluate(try activation(["a": .bool(false), "b": .bool(true)])).cost)
        #expect(coverage.sightings.map(\.wasFalse) == [true, true, false])
        #expect(coverage.sightings.map(\.wasEvaluated) == [true, true, false])
        _ = program.evaluate(try activation(["a": .bool(true), "b": .bool(true)]), noting: &coverage)
        #expect(coverage.sightings.map(\.wasTrue) == [true, true, true])
        #expect(coverage.wholeExpression?.wasTrue == true && coverage.wholeExpression?.wasFalse == true)
        #expect(coverage.sightings[2].wasFalse == false)
    }

    @Test func `an unknown is evaluated and is neither`() throws {
        let program = try program("b")
        var coverage = ConditionCoverage(program)
        _ = program.evaluate(try activation([:]), noting: &coverage)
        #expect(coverage.sightings.first?.wasEvaluated == true)
        #expect(coverage.sightings.first?.wasTrue == false && coverage.sightings.first?.wasFalse == false)
    }

    @Test func `each turn of a loop counts, and what two runs saw can be added`() throws {
        let program = try program("list.all(i, i > 0)")
        var coverage = ConditionCoverage(program)
        _ = program.evaluate(try activation(["list": .list([.int(1), .int(0)])]), noting: &coverage)
        #expect(coverage.sightings[1].wasTrue && coverage.sightings[1].wasFalse)
        #expect(!coverage.sightings[0].wasTrue)
        var other = ConditionCoverage(program)
        _ = program.evaluate(try activation(["list": .list([])]), noting: &other)
        coverage.merge(other)
        #expect(coverage.sightings[0].wasTrue && coverage.sightings[0].wasFalse)
    }
}
