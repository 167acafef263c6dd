package import CEL
package import HeadgateCore

/// What an expression is tried on without a controller: names with their types, and values.
package struct EvidenceTrial {
    /// The names that the expression may use, with their types.
    package let environment: Environment
    /// Their values.
    package let activation: Activation
    /// The members of the evidence.
    package let given: [String]
    /// What in the evidence fits no declared record.
    package let problems: [HeadgateCore.Diagnostic]
    /// What the evidence gives though the gate cannot have it, and that gate; it is taken as unknown.
    package let leftOut: (names: [String], moment: GateMoment)?
    /// Whether it is what a check of a rollout reads.
    package let isCheck: Bool

    /// As a gate has it: declared records, and what the document does not give is unknown.
    ///
    /// Only `approvals`, which are then none, and `restoring`, which is then false, need not be given.
    ///
    /// - Parameters:
    ///   - document: A mapping by variable; among them may be the `params` of a policy and, worked out, its `variables`.
    ///   - moment: Which gate asks; by default what the document says, else `rollout` if there is traffic, else the
    ///     policy's first, else `validate`.
    ///   - policy: Whose params and variables there are, but for those that the document gives.
    package init(
        asAtGate document: PlacedJSON, moment: GateMoment?, policy: (name: PolicyName, spec: PolicySpec)? = nil
    ) {
        var problems: [HeadgateCore.Diagnostic] = []
        func wrong(_ field: String, _ message: String) {
            problems.append(
                HeadgateCore.Diagnostic(
                    .error, code: "bad-evidence", message, at: document.place(of: field), field: field))
        }
        var members: [String: JSONValue] = [:]
        if case .object(let given) = document.value { members = given }
        func mapping(_ name: String, of what: String) -> [String: JSONValue] {
            switch members.removeValue(forKey: name) {
            case .object(let given): return given
            case nil, .null: break
            default: wrong(name, "expected a mapping of the policy's \(what)")
            }
            return [:]
        }
        var params = mapping("params", of: "params")
        let variables = mapping("variables", of: "variables to their values")
        var told: GateMoment?
        switch members.removeValue(forKey: "moment") {
        case .string(let text): told = GateMoment(rawValue: text)
        case nil, .null: told = members["traffic"] == nil ? policy?.spec.at.first ?? .validate : .rollout
        default: break
        }
        let known = GateMoment.allCases.map(\.rawValue).joined(separator: ", ")
        if told == nil { wrong("moment", "expected one of \(known)") }
        var compiled: CompiledPolicy?
        if let name = policy?.name, var spec = policy?.spec {
            let own = spec.params.keys.map { "params.\($0)" } + spec.variables.map { "variables.\($0.name)" }
            let given = params.keys.map { "params.\($0)" } + variables.keys.map { "variables.\($0)" }
            for field in Set(given).subtracting(own).sorted() { wrong(field, "policy \(name) has no \(field)") }
            spec.params.merge(params) { $1 }
            params = spec.params
            compiled = CompiledPolicy.compile(name, spec).0
        }
        var environment = compiled?.environment ?? EvidenceSchema.environment(params: params)
        for name in variables.keys.sorted() { environment.declare("variables.\(name)", .dyn) }
        environment.limits.expressionBytes = PolicyExpression.maxLength
        self.environment = environment
        given = document.value.sortedMembers.map(\.name)
        let asked = moment ?? told ?? .validate
        let missing = EvidenceSchema.unknown(at: asked).intersection(members.keys).sorted()
        leftOut = missing.isEmpty ? nil : (missing, asked)
        let found: [HeadgateCore.Diagnostic]
        (activation, found) = EvidenceDocument.activation(
            PlacedJSON(.object(members), places: document.places), declared: nil, moment: asked, params: params,
            in: environment)
        compiled?.bindVariables(activation)
        for (name, value) in variables {
            activation["variables.\(name)"] = EvidenceValues.plain(value, path: "variables.\(name)")
        }
        self.problems = problems + found
        isCheck = false
    }

    /// As a check of a rollout has it: what the document does not give is unknown.
    ///
    /// - Parameter document: A mapping with the `candidate`'s and the `stable` version's statistics, `queries`, or some
    ///   of these. Where it gives no queries or no version's `metrics`, any may be read.
    package init(asInCheck document: PlacedJSON) {
        let members = Dictionary(document.value.sortedMembers.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
        let queries = members["queries"].map { $0.sortedMembers.map(\.name) }
        let metrics = ["candidate", "stable"].flatMap { members[$0]?.sortedMembers ?? [] }
            .filter { $0.name == "metrics" }.map { $0.value.sortedMembers.map(\.name) }
        let known = metrics.isEmpty ? nil : metrics.flatMap(\.self)
        var environment = CheckSchema.environment(queries: queries, metrics: known)
        environment.limits.expressionBytes = PolicyExpression.maxLength
        self.environment = environment
        given = document.value.sortedMembers.map(\.name)
        (activation, problems) = EvidenceDocument.activation(
            ofCheck: document, CheckSchema.records(queries: queries, metrics: known), in: environment)
        leftOut = nil
        isCheck = true
    }

    /// A document as it is: each member is a variable, of any type.
    ///
    /// Numbers that are not finite are unknown, as they are at a gate.
    package init(plain document: JSONValue) {
        self.init(document) { EvidenceValues.plain($1, path: $0) }
    }

    /// A tool's report, with its values as in `candidate.reports`.
    package init(report document: JSONValue) {
        self.init(document) { EvidenceValues.report($1, path: $0) }
    }

    private init(_ document: JSONValue, _ value: (String, JSONValue) -> Value) {
        var environment = Environment()
        for (name, _) in document.sortedMembers { environment.declare(name, .dyn) }
        environment.limits.expressionBytes = PolicyExpression.maxLength
        self.environment = environment
        given = document.sortedMembers.map(\.name)
        activation = Activation(environment)
        for (name, member) in document.sortedMembers { activation[name] = value(name, member) }
        problems = []
        leftOut = nil
        isCheck = false
    }

    /// Evaluates an expression; what judges of a check said meanwhile is told besides, nil if none was asked.
    package func evaluate(_ program: Program) -> (Evaluation, judged: String?) {
        let trace = ComparisonTrace()
        let evaluation = ComparisonTrace.$current.withValue(trace) { program.evaluate(activation) }
        return (evaluation, trace.text.isEmpty ? nil : trace.text)
    }

    /// The names of what a check of a rollout has.
    package static var checkNames: [String] { CheckSchema.variables.map(\.name) }

    /// Whether a check of a rollout may ask an expression.
    package static func canCheck(_ expression: String) -> Bool {
        (try? CheckSchema.environment(queries: nil, metrics: nil).compile(expression)) != nil
    }

    /// Whether a gate may ask an expression.
    package static func canAsk(_ expression: String) -> Bool {
        (try? EvidenceSchema.environment(params: [:]).compile(expression)) != nil
    }

    /// The least document that gives what an expression reads of some variables, with VALUE for each value.
    ///
    /// - Returns: JSON text but for the values; nil where it would say nothing, or more than a line holds.
    package static func shape(of names: [String], in expression: String) -> String? {
        var environment = Environment()
        for name in names { environment.declare(name, .dyn) }
        guard let read = try? environment.compileUnchecked(expression).attributes else { return nil }
        var shape = Shape()
        for path in read {
            let plain = path.prefix { $0 != "[" }.split(separator: ".").map(String.init)
            if let first = plain.first, names.contains(first) { shape.add(plain[...]) }
        }
        let text = shape.text
        return shape.members.isEmpty || text.utf8.count > 200 ? nil : text
    }

    private struct Shape {
        var members: [String: Shape] = [:]

        mutating func add(_ path: ArraySlice<String>) {
            guard let first = path.first else { return }
            members[first, default: Shape()].add(path.dropFirst())
        }

        var text: String {
            if members.isEmpty { return "VALUE" }
            let inner = members.sorted { $0.key < $1.key }.map { "\"\($0.key)\": \($0.value.text)" }
            return "{\(inner.joined(separator: ", "))}"
        }
    }

    /// The names of what a gate has.
    package static var names: [String] { EvidenceSchema.variables.map(\.name) + own }

    /// What a policy itself gives besides.
    private static let own = ["params", "variables"]

    /// The params and variables that an expression reads, in order; none of one with a mistake in its syntax.
    package static func ownNames(in expression: String) -> [(group: String, names: [String])] {
        var environment = Environment()
        for group in own { environment.declare(group, .dyn) }
        guard let read = try? environment.compileUnchecked(expression).attributes else { return [] }
        return own.compactMap { group in
            let names = read.filter { $0.hasPrefix("\(group).") }
                .map { String($0.dropFirst(group.count + 1).prefix { $0 != "." && $0 != "[" }) }
            return names.isEmpty ? nil : (group, Array(Set(names)).sorted())
        }
    }
}
