import CEL
import HeadgateCore

/// Evidence that a person wrote down, by variable, checked against the declared records.
///
/// What is not given is unknown, as it is where nobody could tell.
struct EvidenceDocument {
    private let document: PlacedJSON
    private let variables: [(name: String, type: CELType)]
    private let records: [RecordType]
    private let declared: [String: MetricType]?
    private let environment: Environment
    private(set) var problems: [HeadgateCore.Diagnostic] = []
    /// More are not looked for: the nearest name of each is dear.
    private static let maxProblems = 20

    /// The values of a document in an environment of a policy, and what in it fits no declared record.
    ///
    /// Without more being said there are no approvals, and nothing is restored. What the gate cannot have is unknown
    /// though the document gives it.
    static func activation(
        _ document: PlacedJSON, declared: [String: MetricType]?, moment: GateMoment, params: [String: JSONValue],
        in environment: Environment
    ) -> (Activation, [HeadgateCore.Diagnostic]) {
        var reader = EvidenceDocument(
            document: document, variables: EvidenceSchema.variables, records: EvidenceSchema.records,
            declared: declared, environment: environment)
        let activation = Activation(environment)
        activation["approvals"] = .list([])
        activation["restoring"] = .bool(false)
        reader.read(into: activation, but: EvidenceSchema.unknown(at: moment))
        activation["moment"] = .string(moment.rawValue)
        activation["params"] = EvidenceValues.params(params)
        return (activation, reader.problems)
    }

    /// The values of a document in an environment of a rollout's check, and what in it fits no declared record.
    static func activation(
        ofCheck document: PlacedJSON, _ records: [RecordType], in environment: Environment
    ) -> (Activation, [HeadgateCore.Diagnostic]) {
        var reader = EvidenceDocument(
            document: document, variables: CheckSchema.variables, records: records, declared: nil,
            environment: environment)
        let activation = Activation(environment)
        reader.read(into: activation, but: [])
        return (activation, reader.problems)
    }

    private init(
        document: PlacedJSON, variables: [(name: String, type: CELType)], records: [RecordType],
        declared: [String: MetricType]?, environment: Environment
    ) {
        self.document = document
        self.variables = variables
        self.records = records
        self.declared = declared
        self.environment = environment
    }

    private mutating func read(into activation: Activation, but unknown: Set<String>) {
        activation.unsetIsUnknown = true
        for (name, value) in document.value.sortedMembers {
            guard let type = variables.first(where: { $0.name == name })?.type else {
                reportUnknown(name, "there is no evidence \"\(name)\"")
                continue
            }
            let value = self.value(of: value, type, name)
            if !unknown.contains(name) { activation[name] = value }
        }
    }

    private mutating func value(of json: JSONValue, _ type: CELType, _ path: String) -> Value {
        if case .null = json { return path == "champion" ? .null : .unknown(UnknownSet(path)) }
        switch (type, json) {
        case (.string, .string(let text)): return .string(text)
        case (.bool, .bool(let flag)): return .bool(flag)
        case (.int, .integer(let number)): return .int(number)
        case (.double, .integer(let number)): return .double(Double(number))
        case (.double, .number(let number)): return number.isFinite ? .double(number) : .unknown(UnknownSet(path))
        case (.timestamp, .string(let text)):
            if let time = Timestamp(rfc3339: text) { return .timestamp(time) }
            return wrong("expected a time such as 2026-03-01T12:00:00Z, found \"\(text)\"", path)
        case (.list(let element), .array(let items)):
            return .list(items.enumerated().map { value(of: $1, element, "\(path)[\($0)]") })
        case (.record(let name), .object): return record(name, json, path)
        case (.map(_, let element), .object): return map(element, json, path)
        default: return wrong("expected \(type.described), found \(json.described)", path)
        }
    }

    private mutating func record(_ name: String, _ json: JSONValue, _ path: String) -> Value {
        let fields = records.first { $0.name == name }?.fields ?? [:]
        var values: [(String, Value)] = []
        for (field, member) in json.sortedMembers {
            let inner = "\(path).\(field)"
            guard let type = fields[field] else {
                reportUnknown(inner, "\(name) has no field \"\(field)\"")
                continue
            }
            if case (.record("Latency"), .array(let seconds)) = (type, member) {
                values += latencies(seconds, inner)
            } else {
                values.append((field, value(of: member, type, inner)))
            }
        }
        if name == "Commit", isSignedUnverified(json) {
            return wrong("a commit has a signer only if it is verified: give \"verified: true\" too", "\(path).signer")
        }
        if name == "Statistics", let rate = errorRate(values) { values.append(("errorRate", rate)) }
        return EvidenceValues.record(name, values, path: path, among: records)
    }

    /// What the router counts of requests that took so many seconds each: its fields of `Statistics`.
    private mutating func latencies(_ seconds: [JSONValue], _ path: String) -> [(String, Value)] {
        var counted = LatencyHistogram(counts: Array(repeating: 0, count: LatencyHistogram.bucketCount))
        for (index, item) in seconds.enumerated() {
            guard let time = item.number, (0...86_400).contains(time) else {
                _ = wrong("expected seconds, 0 through 86400, found \(item.described)", "\(path)[\(index)]")
                return []
            }
            let microseconds = UInt64((time * 1e6).rounded())
            counted.counts[LatencyHistogram.bucket(of: microseconds)] += 1
            counted.sumMicroseconds += microseconds
        }
        let owner = String(path.dropLast(".latency".count))
        let statistics = EvidenceValues.statistics(TrafficWindow(to: TrafficStatistics(latency: counted)), owner)
        guard case .record(let record) = statistics else { return [] }
        return ["latency", "latencyCounts"].compactMap { name in record.fields[name].map { (name, $0) } }
    }

    /// The errors per request of statistics that do not give it.
    private func errorRate(_ statistics: [(String, Value)]) -> Value? {
        let values = Dictionary(statistics, uniquingKeysWith: { $1 })
        guard values["errorRate"] == nil, case .int(let errors) = values["errors"],
            case .int(let requests) = values["requests"], requests > 0
        else { return nil }
        return .double(Double(errors) / Double(requests))
    }

    /// Whether a commit has a signer whom no gate would know.
    private func isSignedUnverified(_ commit: JSONValue) -> Bool {
        guard case .object(let members) = commit, case .string? = members["signer"] else { return false }
        return members["verified"] != .bool(true)
    }

    private mutating func map(_ element: CELType, _ json: JSONValue, _ path: String) -> Value {
        switch path {
        case "candidate.metrics", "champion.metrics":
            reportUndeclared(json, path)
            return EvidenceValues.metrics(json, declared: declared, path: path)
        case "candidate.reports", "champion.reports": return EvidenceValues.report(json, path: path)
        case "candidate.params", "champion.params": return EvidenceValues.plain(json)
        default: break
        }
        return .map(MapValue(json.sortedMembers.map { ($0.name, value(of: $0.value, element, "\(path).\($0.name)")) }))
    }

    /// Metrics that no step of the Model declares, where its steps declare theirs.
    private mutating func reportUndeclared(_ metrics: JSONValue, _ path: String) {
        guard let declared else { return }
        for metric in MisspeltMetric.all(in: metrics, among: declared, limit: Self.maxProblems - problems.count) {
            let field = "\(path).\(metric.name)"
            problems.append(
                HeadgateCore.Diagnostic(
                    .error, code: "undeclared-metric", metric.message, at: document.place(of: field), field: field,
                    hint: metric.hint))
        }
    }

    private mutating func wrong(_ message: String, _ path: String) -> Value {
        if problems.count < Self.maxProblems {
            problems.append(
                HeadgateCore.Diagnostic(
                    .error, code: "bad-evidence", message, at: document.place(of: path), field: path))
        }
        return .unknown(UnknownSet(path))
    }

    private mutating func reportUnknown(_ path: String, _ message: String) {
        guard problems.count < Self.maxProblems else { return }
        // The checker knows the nearest name.
        var hint: String?
        do { _ = try environment.compile(path) } catch { hint = error.diagnostics.first?.hint }
        problems.append(
            HeadgateCore.Diagnostic(
                .error, code: "bad-evidence", message, at: document.place(of: path), field: path, hint: hint))
    }
}

extension CELType {
    fileprivate var described: String {
        switch self {
        case .record(let name): "the fields of \(name)"
        case .list: "a list"
        case .map: "a mapping"
        default: "\(self)"
        }
    }
}

extension JSONValue {
    fileprivate var number: Double? {
        switch self {
        case .integer(let number): Double(number)
        case .number(let number): number
        default: nil
        }
    }

    fileprivate var described: String {
        switch self {
        case .object: "a mapping"
        case .array: "a list"
        default: canonicalText.utf8.count > 60 ? String(canonicalText.prefix(60)) + "…" : canonicalText
        }
    }
}
