package import CEL
package import HeadgateCore

/// Evidence as values of the policy language.
package enum EvidenceValues {
    /// Binds evidence to an environment's variables.
    ///
    /// What is not there yet is unknown, never a default.
    package static func activation(
        _ evidence: Evidence, params: [String: JSONValue], in environment: Environment
    ) -> Activation {
        let activation = Activation(environment)
        activation.unsetIsUnknown = true
        if let candidate = evidence.candidate {
            activation.set("candidate") { _ in version(candidate, path: "candidate", evidence.untold) }
        }
        switch evidence.champion {
        case .none: activation["champion"] = .null
        case .known(let champion):
            activation.set("champion") { _ in version(champion, path: "champion", evidence.untold) }
        case .unknown: activation["champion"] = .unknown(UnknownSet("champion"))
        }
        activation["model"] = subject(evidence.model)
        if let deployment = evidence.deployment { activation["deployment"] = subject(deployment) }
        if let target = evidence.target { activation["target"] = .string(target) }
        if let facts = evidence.commit { activation.set("commit") { _ in commit(facts) } }
        activation["approvals"] =
            evidence.untold.contains("approvals")
            ? .unknown(UnknownSet("approvals")) : .list(evidence.approvals.map(approval))
        if let now = timestamp(evidence.now) { activation["now"] = now }
        activation["restoring"] = .bool(evidence.restoring)
        activation["moment"] = .string(evidence.moment.rawValue)
        activation["params"] = Self.params(params)
        if evidence.moment == .rollout {
            var fields = evidence.traffic.map { role, counted in
                (role, statistics(TrafficWindow(from: TrafficStatistics(), to: counted), "traffic.\(role)"))
            }
            if let weight = evidence.weight { fields.append(("weight", .int(Int64(weight)))) }
            activation["traffic"] = record("Traffic", fields, path: "traffic")
        }
        return activation
    }

    private static func version(_ evidence: VersionEvidence, path: String, _ untold: Set<String>) -> Value {
        var fields: [(String, Value)] = [
            ("version", .string(evidence.version.description)),
            ("digest", .string(evidence.artifact.tree.description)),
            ("metrics", metrics(evidence.metrics, declared: evidence.declared, path: "\(path).metrics")),
            ("params", plain(evidence.params)),
            ("size", .int(evidence.artifact.size)),
            ("files", .int(Int64(evidence.artifact.fileCount))),
            ("formats", .strings(evidence.artifact.formats)),
            (
                "data",
                .list(
                    evidence.data.map {
                        .record(RecordValue("Data", [("path", .string($0.path)), ("digest", .string($0.digest))]))
                    })
            ),
            ("provenance", provenance(evidence)),
            ("reports", report(.object(evidence.reports), path: "\(path).reports")),
        ]
        if let created = timestamp(evidence.created) { fields.append(("created", created)) }
        let told = fields.filter { !untold.contains("\(path).\($0.0)") }
        return told.count == fields.count ? .record(RecordValue("Version", told)) : record("Version", told, path: path)
    }

    private static func provenance(_ evidence: VersionEvidence) -> Value {
        let steps = evidence.steps.map { step in
            Value.record(
                RecordValue(
                    "Step",
                    [
                        ("name", .string(step.name.text)), ("key", .string(step.key.description)),
                        ("run", .string(step.run.text)),
                        // Empty for a step that the controller ran itself.
                        ("builder", .string(step.origin?.builder ?? "")),
                        ("signer", .string(step.origin?.signer ?? "")),
                    ]))
        }
        return .record(
            RecordValue(
                "Provenance", [("revision", .string(evidence.revision.description)), ("steps", .list(steps))]))
    }

    /// NaN, infinite, non-numeric and absent metrics are unknown; a declared string or bool is itself.
    static func metrics(_ metrics: JSONValue, declared: [String: MetricType]?, path: String) -> Value {
        metric(metrics, path: path, name: "", declared: declared)
    }

    /// Reports of tools: what is absent, null, NaN or infinite is unknown, all else is itself.
    ///
    /// A whole number is a double, since JSON does not tell them apart.
    static func report(_ value: JSONValue, path: String) -> Value {
        switch value {
        case .null: .unknown(UnknownSet(path))
        case .bool(let flag): .bool(flag)
        case .integer(let number): .double(Double(number))
        case .number(let number): number.isFinite ? .double(number) : .unknown(UnknownSet(path))
        case .string(let text): .string(text)
        case .array(let items): .list(items.enumerated().map { report($1, path: "\(path)[\($0)]") })
        case .object:
            .map(
                MapValue(
                    value.sortedMembers.map { ($0.name, report($0.value, path: "\(path).\($0.name)")) },
                    absence: .unknownUnlessTested(path: path)))
        }
    }

    private static func metric(
        _ value: JSONValue, path: String, name: String, declared: [String: MetricType]?
    ) -> Value {
        let unknown = Value.unknown(UnknownSet(path))
        switch value {
        case .integer(let number): return declared?[name] == .int ? .int(number) : .double(Double(number))
        case .number(let number): return number.isFinite ? .double(number) : unknown
        case .string(let text): return declared?[name] == .string ? .string(text) : unknown
        case .bool(let flag): return declared?[name] == .bool ? .bool(flag) : unknown
        case .null: return unknown
        case .array(let elements):
            return .list(
                elements.enumerated().map { index, element in
                    metric(element, path: "\(path)[\(index)]", name: name, declared: declared)
                })
        case .object:
            let entries = value.sortedMembers.map { member in
                let nested = name.isEmpty ? member.name : "\(name).\(member.name)"
                return (
                    member.name,
                    metric(member.value, path: "\(path).\(member.name)", name: nested, declared: declared)
                )
            }
            return .map(MapValue(entries, absence: .unknownUnlessTested(path: path)))
        }
    }

    /// A JSON document as it stands.
    package static func plain(_ value: JSONValue) -> Value {
        switch value {
        case .null: .null
        case .bool(let flag): .bool(flag)
        case .integer(let number): .int(number)
        case .number(let number): .double(number)
        case .string(let text): .string(text)
        case .array(let elements): .list(elements.map(plain))
        case .object: .map(MapValue(value.sortedMembers.map { ($0.name, plain($0.value)) }))
        }
    }

    /// A policy's own params, in the order of their names.
    static func params(_ params: [String: JSONValue]) -> Value {
        let fields = params.sorted { $0.key < $1.key }
        return .record(RecordValue("Params", fields.map { ($0.key, plain($0.value, path: "params.\($0.key)")) }))
    }

    /// A JSON document as it stands, but for numbers that are not finite: these are unknown.
    static func plain(_ value: JSONValue, path: String) -> Value {
        switch value {
        case .number(let number) where !number.isFinite: .unknown(UnknownSet(path))
        case .array(let elements): .list(elements.enumerated().map { plain($1, path: "\(path)[\($0)]") })
        case .object:
            .map(MapValue(value.sortedMembers.map { ($0.name, plain($0.value, path: "\(path).\($0.name)")) }))
        default: plain(value)
        }
    }

    /// A record of which what is not there is unknown; with every declared field it is whole, and can equal another.
    static func record(
        _ name: String, _ fields: [(String, Value)], path: String, among records: [RecordType] = EvidenceSchema.records
    ) -> Value {
        let declared = records.first { $0.name == name }?.fields.keys.sorted() ?? []
        let missing = declared.filter { field in !fields.contains { $0.0 == field } }
        return .record(
            RecordValue(name, fields, absence: missing.isEmpty ? .error : .unknown(path: path), awaited: missing))
    }

    private static func subject(_ subject: Evidence.Subject) -> Value {
        .record(
            RecordValue(
                "Subject",
                [
                    ("name", .string(subject.name)), ("labels", texts(subject.labels)),
                    ("annotations", texts(subject.annotations)),
                ]))
    }

    private static func texts(_ texts: [String: String]) -> Value {
        .map(
            MapValue(
                texts.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map { ($0.key, .string($0.value)) })
        )
    }

    private static func commit(_ facts: CommitFacts) -> Value {
        var fields: [(String, Value)] = [
            ("id", .string(facts.commit.hex)), ("author", person(facts.author)),
            ("committer", person(facts.committer)), ("message", .string(facts.message)),
            ("verified", .bool(facts.signer != nil)),
        ]
        if let time = timestamp(facts.time) { fields.append(("time", time)) }
        if let signer = facts.signer { fields.append(("signer", .string(signer))) }
        return record("Commit", fields, path: "commit")
    }

    private static func person(_ person: CommitFacts.Person) -> Value {
        .record(RecordValue("Person", [("name", .string(person.name)), ("email", .string(person.email))]))
    }

    private static func approval(_ approval: Approval) -> Value {
        var fields: [(String, Value)] = [("by", .string(approval.by)), ("digest", .string(approval.digest))]
        if let at = timestamp(approval.at) { fields.append(("at", at)) }
        return .record(RecordValue("Approval", fields))
    }

    /// Statistics of one version; rates and quantiles of nothing are unknown.
    ///
    /// - Parameters:
    ///   - window: What was counted.
    ///   - path: What unknown values are called.
    ///   - metrics: What queries gave for this version; nil where there are none.
    /// - Returns: A record of type `Statistics`.
    package static func statistics(_ window: TrafficWindow, _ path: String, metrics: Value? = nil) -> Value {
        func known(_ number: Double?, _ name: String) -> Value {
            number.map { .double($0) } ?? .unknown(UnknownSet("\(path).\(name)"))
        }
        let latency = RecordValue(
            "Latency",
            [
                ("mean", known(window.meanLatency, "latency.mean")),
                ("p50", known(window.quantile(0.5), "latency.p50")),
                ("p90", known(window.quantile(0.9), "latency.p90")),
                ("p95", known(window.quantile(0.95), "latency.p95")),
                ("p99", known(window.quantile(0.99), "latency.p99")),
            ])
        return .record(
            RecordValue(
                "Statistics",
                [
                    ("requests", .int(Int64(clamping: window.requests))),
                    ("errors", .int(Int64(clamping: window.errors))),
                    ("errorRate", known(window.errorRate, "errorRate")), ("latency", .record(latency)),
                    ("agreement", known(window.agreement, "agreement")),
                    ("mirrored", .int(Int64(clamping: window.mirrored))),
                    ("latencyCounts", .list(window.latency.counts.map { .int(Int64(clamping: $0)) })),
                ] + (metrics.map { [("metrics", $0)] } ?? [])))
    }

    private static func timestamp(_ instant: Instant) -> Value? {
        let (seconds, milliseconds) = instant.milliseconds.quotientAndRemainder(dividingBy: 1000)
        return Timestamp(seconds: seconds, nanoseconds: Int32(milliseconds) * 1_000_000).map { .timestamp($0) }
    }
}
