package import CEL
package import HeadgateCore

/// The declared records that policies may ask about.
///
/// A field that is not declared here is refused when a policy is read.
package enum EvidenceSchema {
    /// An environment for a policy's expressions: evidence, and the policy's own params.
    package static func environment(params: [String: JSONValue]) -> Environment {
        var environment = Environment()
        for record in records { environment.declare(record) }
        environment.declare(
            RecordType(name: "Params", fields: params.mapValues { _ in .dyn }))
        for (name, type) in variables { environment.declare(name, type) }
        environment.declare("params", .record("Params"))
        // What a Model may reasonably hold; cost estimates rest on it.
        environment.sizeBounds = [
            "approvals": 100, "candidate.data": 10_000, "champion.data": 10_000, "candidate.formats": 100,
            "champion.formats": 100, "commit.message": 65_536, "candidate.metrics": 10_000, "champion.metrics": 10_000,
        ]
        return environment
    }

    /// Variables but the policy's own `params`.
    package static let variables: [(name: String, type: CELType)] = [
        ("candidate", .record("Version")), ("champion", .record("Version")), ("model", .record("Subject")),
        ("deployment", .record("Subject")), ("target", .string), ("commit", .record("Commit")),
        ("approvals", .list(.record("Approval"))), ("now", .timestamp), ("restoring", .bool), ("moment", .string),
        ("traffic", .record("Traffic")),
    ]

    /// What a gate cannot have: it is unknown there.
    static func unknown(at moment: GateMoment) -> Set<String> {
        switch moment {
        case .plan: ["candidate", "champion", "deployment", "target", "traffic"]
        case .validate, .release: ["traffic"]
        case .rollout: []
        }
    }

    /// Records by name, for documentation too.
    package static let records: [RecordType] = [
        RecordType(
            name: "Version",
            fields: [
                "version": .string, "digest": .string, "metrics": .map(.string, .dyn), "params": .map(.string, .dyn),
                "size": .int, "files": .int, "formats": .list(.string), "data": .list(.record("Data")),
                "provenance": .record("Provenance"), "created": .timestamp, "reports": .map(.string, .dyn),
            ]),
        RecordType(name: "Data", fields: ["path": .string, "digest": .string]),
        RecordType(name: "Provenance", fields: ["revision": .string, "steps": .list(.record("Step"))]),
        RecordType(
            name: "Step",
            fields: ["name": .string, "key": .string, "run": .string, "builder": .string, "signer": .string]),
        RecordType(
            name: "Subject",
            fields: [
                "name": .string, "labels": .map(.string, .string), "annotations": .map(.string, .string),
            ]),
        RecordType(
            name: "Commit",
            fields: [
                "id": .string, "author": .record("Person"), "committer": .record("Person"), "message": .string,
                "time": .timestamp, "signer": .string, "verified": .bool,
            ]),
        RecordType(name: "Person", fields: ["name": .string, "email": .string]),
        RecordType(name: "Approval", fields: ["by": .string, "at": .timestamp, "digest": .string]),
        RecordType(
            name: "Traffic",
            fields: ["candidate": .record("Statistics"), "stable": .record("Statistics"), "weight": .int]),
        RecordType(
            name: "Statistics",
            fields: [
                "requests": .int, "errors": .int, "errorRate": .double, "latency": .record("Latency"),
                "agreement": .double, "mirrored": .int, "latencyCounts": .list(.int),
            ]),
        RecordType(
            name: "Latency",
            fields: ["mean": .double, "p50": .double, "p90": .double, "p95": .double, "p99": .double]),
    ]
}
