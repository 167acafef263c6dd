import Foundation
import Testing

@testable import CEL

/// One test of the suite.
struct ConformanceCase {
    let id: String
    private let json: [String: Any]

    init(_ json: [String: Any]) throws {
        self.json = json
        id = try #require(json["id"] as? String)
    }

    var reasonToLeaveOut: String? {
        json["needs_proto"] as? Bool == true ? "needs Protocol Buffers" : nil
    }

    private func flag(_ name: String) -> Bool { json[name] as? Bool ?? false }

    /// Why the test fails, or nil if it passes.
    func failure() -> String? {
        do {
            return try run()
        } catch {
            return "the test cannot be read: \(error)"
        }
    }

    private func run() throws -> String? {
        let expected = try #require(json["expected"] as? [String: Any])
        let kind = try #require(expected["kind"] as? String)
        var environment = Environment()
        environment.container = json["container"] as? String ?? ""
        let bindings = json["bindings"] as? [String: [String: Any]] ?? [:]
        try declare(&environment, bindings)

        let source = try #require(json["expr"] as? String)
        let program: Program
        do throws(CompilationError) {
            let tree = try Parser.parse(source, macrosEnabled: !flag("disable_macros"))
            program = Program(try Checker.check(tree, in: environment, isLenient: flag("disable_check")))
        } catch {
            return kind == "eval_error" ? nil : "refused: \(error)"
        }
        if kind == "typed_result", let wanted = expected["deduced_type"] as? String {
            let wantedType = try ConformanceType.parse(wanted)
            guard program.resultType == wantedType else { return "type \(program.resultType), wanted \(wantedType)" }
        }
        if flag("check_only") { return nil }
        let activation = Activation(environment)
        for (name, binding) in bindings {
            activation[name] = try ConformanceValue.parse(try #require(binding["value"] as? [String: Any]))
        }
        let outcomes = [
            ("fast", program.evaluate(activation).result),
            ("plain", program.evaluatePlainly(activation, Meter(limits: program.limits)).result),
        ]
        for (evaluator, outcome) in outcomes {
            if let failure = try compare(outcome, kind, expected) { return "\(evaluator): \(failure)" }
        }
        return nil
    }

    private func declare(_ environment: inout Environment, _ bindings: [String: [String: Any]]) throws {
        for declaration in json["type_env"] as? [[String: Any]] ?? [] {
            let name = try #require(declaration["name"] as? String)
            if declaration["kind"] as? String == "variable" {
                environment.declare(name, try ConformanceType.parse(try #require(declaration["type"] as? String)))
                continue
            }
            for overload in try #require(declaration["overloads"] as? [[String: Any]]) {
                let parameters = try #require(overload["params"] as? [String]).map(ConformanceType.parse)
                let result = try ConformanceType.parse(try #require(overload["result_type"] as? String))
                let isMember = overload["is_instance_function"] as? Bool ?? false
                let signature = Overload(parameters, result, isMember: isMember)
                environment.declare(function: name, signature) { (_) throws(EvaluationError) in .null }
            }
        }
        for name in bindings.keys where !environment.variableNames.contains(name) { environment.declare(name, .dyn) }
    }

    private func compare(_ outcome: Evaluation.Outcome, _ kind: String, _ expected: [String: Any]) throws -> String? {
        switch (outcome, kind) {
        case (.error, "eval_error"), (.error, "any_eval_errors"): return nil
        case (.value(let value), "value"), (.value(let value), "typed_result"):
            let json = (expected["value"] ?? expected["result"]) as? [String: Any]
            let wanted = try ConformanceValue.parse(try #require(json))
            return ConformanceValue.isSame(value, wanted) ? nil : "\(value), wanted \(wanted)"
        default: return "\(outcome), wanted \(kind)"
        }
    }
}

enum ConformanceValue {
    static func parse(_ json: [String: Any]) throws -> Value {
        let (kind, payload) = try #require(json.first)
        switch kind {
        case "null_value": return .null
        case "bool_value": return .bool(try #require(payload as? Bool))
        case "int64_value": return .int(try #require((payload as? String).flatMap { Int64($0) }))
        case "uint64_value": return .uint(try #require((payload as? String).flatMap { UInt64($0) }))
        case "double_value": return .double(try double(try #require(payload as? String)))
        case "string_value": return .string(try #require(payload as? String))
        case "bytes_value":
            return .bytes(Array(try #require((payload as? String).flatMap { Data(base64Encoded: $0) })))
        case "type_value": return .type(try ConformanceType.parse(try #require(payload as? String)))
        case "list_value": return .list(try #require(payload as? [[String: Any]]).map(parse))
        case "map_value":
            let entries = try #require(payload as? [[String: [String: Any]]]).map { entry in
                (try parse(try #require(entry["key"])), try parse(try #require(entry["value"])))
            }
            return .map(try #require(MapValue(entries: entries)))
        case "timestamp_value":
            let (seconds, nanoseconds) = try time(payload)
            return .timestamp(try #require(Timestamp(seconds: seconds, nanoseconds: nanoseconds)))
        case "duration_value":
            let (seconds, nanoseconds) = try time(payload)
            return .duration(try #require(TimeSpan(seconds: seconds, nanoseconds: nanoseconds)))
        default: throw UnreadableValue(kind: kind)
        }
    }

    struct UnreadableValue: Error { let kind: String }

    private static func time(_ payload: Any) throws -> (Int64, Int32) {
        let parts = try #require(payload as? [String: Any])
        let seconds = try #require((parts["seconds"] as? String).flatMap { Int64($0) })
        return (seconds, Int32(parts["nanos"] as? Int ?? 0))
    }

    private static func double(_ text: String) throws -> Double {
        switch text {
        case "NaN": .nan
        case "Infinity": .infinity
        case "-Infinity": -.infinity
        default: try #require(Double(text))
        }
    }

    /// Equal, with types and the sign of zero, and NaN equal to itself.
    static func isSame(_ a: Value, _ b: Value) -> Bool {
        switch (a, b) {
        case (.double(let x), .double(let y)):
            return x.isNaN && y.isNaN || (x == y && x.sign == y.sign)
        case (.list(let x), .list(let y)):
            return x.count == y.count && zip(x, y).allSatisfy { isSame($0, $1) }
        case (.map(let x), .map(let y)):
            return x.count == y.count
                && x.entries.allSatisfy { key, value in
                    y[key].map { isSame(value, $0) } == true && y.keys.contains { isSame($0, key) }
                }
        default:
            guard a.typeName == b.typeName else { return false }
            var meter = Meter(limits: Limits())
            return (try? Value.areEqual(a, b, &meter)) == true
        }
    }
}

enum ConformanceType {
    static func parse(_ text: String) throws -> CELType {
        var rest = Substring(text)
        let type = try parse(&rest)
        try #require(rest.isEmpty, "\(text)")
        return type
    }

    private static func parse(_ rest: inout Substring) throws -> CELType {
        if rest.hasPrefix("<") {
            let end = try #require(rest.firstIndex(of: ">"))
            let name = rest[rest.index(after: rest.startIndex)..<end]
            rest = rest[rest.index(after: end)...]
            return .parameter(String(name))
        }
        let isAbstract = rest.hasPrefix("abstract ")
        if isAbstract { rest = rest.dropFirst("abstract ".count) }
        let name = String(rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "." })
        rest = rest.dropFirst(name.count)
        var parameters: [CELType] = []
        if rest.hasPrefix("(") {
            repeat {
                rest = rest.dropFirst()
                rest = rest.drop { $0 == " " }
                parameters.append(try parse(&rest))
            } while rest.hasPrefix(",")
            rest = rest.dropFirst()
        }
        if isAbstract, name != "optional_type" { return .opaque(name, parameters) }
        return switch name {
        case "bool": .bool
        case "int": .int
        case "uint": .uint
        case "double": .double
        case "string": .string
        case "bytes": .bytes
        case "null_type": .null
        case "dyn": .dyn
        case "list": .list(parameters.first ?? .dyn)
        case "map": .map(parameters.first ?? .dyn, parameters.last ?? .dyn)
        case "type": .type(parameters.first ?? .dyn)
        case "optional_type": .optional(parameters.first ?? .dyn)
        case "google.protobuf.Timestamp", "timestamp": .timestamp
        case "google.protobuf.Duration", "duration": .duration
        default: .opaque(name, parameters)
        }
    }
}
