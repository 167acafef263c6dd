import CAllocations
import CEL
import Testing

#if DEBUG
    private let isOptimised = false
#else
    private let isOptimised = true
#endif

/// What an evaluation asks of the memory allocator, which an optimised build alone can promise.
@Suite(.enabled(if: isOptimised)) struct AllocationTests {
    static let environment: Environment = {
        var environment = Environment()
        environment.declare("metrics", .dyn)
        environment.declare("slices", .dyn)
        environment.declare("stage", .dyn)
        environment.declare("digest", .string)
        environment.declare("now", .timestamp)
        return environment
    }()

    static func activation() throws -> Activation {
        let activation = Activation(environment)
        activation["metrics"] = .map([("auc", .double(0.913)), ("loss", .double(0.2))])
        activation["slices"] = .list((0..<20).map { .map([("auc", .double(0.9)), ("support", .int($0 + 1))]) })
        activation["stage"] = .string("a stage whose name is longer than sixteen bytes")
        activation["digest"] = .string("sha256:" + String(repeating: "0f", count: 32))
        activation["now"] = .timestamp(try #require(Timestamp(seconds: 1_790_000_000)))
        return activation
    }

    /// How often one evaluation asks for memory, once everything is warm.
    static func allocations(_ source: String) throws -> Double {
        let program = try environment.compile(source)
        let activation = try activation()
        // Regular expressions learn from the first few texts.
        for _ in 0..<10 { #expect(program.evaluate(activation).value != nil, "\(source)") }
        let count = 10_000
        let before = headgate_allocations()
        for _ in 0..<count { _ = program.evaluate(activation) }
        return Double(headgate_allocations() - before) / Double(count)
    }

    @Test(arguments: [
        "metrics.auc >= 0.9",
        "metrics.auc >= metrics.loss && metrics.loss < 0.5 || false",
        "slices.all(s, s.auc >= 0.8)",
        "slices.exists(s, s.support == 7)",
        "has(metrics.auc) && !has(metrics.f1)",
    ])
    func `gates on metrics allocate nothing`(source: String) throws {
        #expect(try Self.allocations(source) == 0)
    }

    @Test(arguments: [
        "digest.matches('^sha256:[0-9a-f]{64}$')",
        "stage in ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'a stage whose name is longer than sixteen bytes']",
        "stage in ['a stage whose name is shorter', 'a stage whose name is longer than sixteen bytes']",
        "now > timestamp('2026-01-31T12:00:00Z')",
        "now - timestamp('2026-01-31T12:00:00Z') > duration('1h') + duration('5m')",
    ])
    func `constant expressions, sets and times are prepared once`(source: String) throws {
        #expect(try Self.allocations(source) == 0)
    }

    @Test func `what makes a new value is seen to allocate`() throws {
        #expect(try Self.allocations("stage + digest") >= 1)
        #expect(try Self.allocations("slices.map(s, s.auc)") >= 1)
    }
}
