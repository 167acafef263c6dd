import CEL

/// The declared records that a rollout's checks read: the traffic of both versions, and what queries gave.
enum CheckSchema {
    static let variables: [(name: String, type: CELType)] = [
        ("candidate", .record("Statistics")), ("stable", .record("Statistics")), ("queries", .record("Queries")),
    ]

    /// The records but those of queries.
    private static let traffic = EvidenceSchema.records.compactMap { record -> RecordType? in
        switch record.name {
        case "Statistics":
            RecordType(name: record.name, fields: record.fields.merging(["metrics": .record("Metrics")]) { $1 })
        case "Latency": record
        default: nil
        }
    }

    private static let base = {
        var environment = Environment()
        for record in traffic { environment.declare(record) }
        for (name, type) in variables { environment.declare(name, type) }
        Comparisons.declare(in: &environment)
        return environment
    }()

    /// The records of a check.
    ///
    /// - Parameters:
    ///   - queries: The names of its queries; nil where nobody says which there are, so that any may be read.
    ///   - metrics: The same of queries that are asked once for each version.
    /// - Returns: The records by name.
    static func records(queries: [String]?, metrics: [String]?) -> [RecordType] {
        traffic + [record("Queries", queries), record("Metrics", metrics)]
    }

    /// An environment for a check's expression: its own queries are fields, so that a misspelt one is an error.
    static func environment(queries: [String]?, metrics: [String]?) -> Environment {
        var environment = base
        environment.declare(record("Queries", queries))
        environment.declare(record("Metrics", metrics))
        return environment
    }

    private static func record(_ name: String, _ fields: [String]?) -> RecordType {
        let known = (fields ?? []).map { ($0, CELType.double) }
        return RecordType(name: name, fields: Dictionary(known, uniquingKeysWith: { $1 }), isOpen: fields == nil)
    }
}
