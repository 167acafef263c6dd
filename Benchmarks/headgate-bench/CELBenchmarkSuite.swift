import CEL
import Foundation

/// The expressions and inputs of the benchmark.
struct CELBenchmarkSuite {
    let expressions: [(name: String, source: String)]
    /// Variables declared as the benchmark declares them: `dyn`, and one string.
    let environment: Environment
    /// The same variables as declared records.
    let recordEnvironment: Environment
    let small: Activation
    let large: Activation
    let smallRecords: Activation
    /// How many times as many slices the large input has.
    let growth: Double

    struct Unreadable: Error {
        let what: String
    }

    init(folder: URL) throws {
        let document = try Self.object(folder.appending(path: "expressions.json"))
        guard let variables = document["variables"] as? [String: String],
            let list = document["expressions"] as? [[String: Any]]
        else { throw Unreadable(what: "expressions.json") }
        expressions = list.compactMap { entry in
            guard let name = entry["name"] as? String, let source = entry["expr"] as? String else { return nil }
            return (name, source)
        }
        var environment = Environment()
        for (name, type) in variables.sorted(by: { $0.key < $1.key }) {
            environment.declare(name, type == "string" ? .string : .dyn)
        }
        self.environment = environment
        recordEnvironment = Self.declareRecords()
        let smallInput = try Self.object(folder.appending(path: "input_small.json"))
        let largeInput = try Self.object(folder.appending(path: "input_large.json"))
        small = Self.activation(environment, smallInput)
        large = Self.activation(environment, largeInput)
        smallRecords = Self.activation(recordEnvironment, smallInput, types: Self.recordNames)
        let sizes = [smallInput, largeInput].map { ($0["slices"] as? [Any])?.count ?? 1 }
        growth = Double(sizes[1]) / Double(sizes[0])
    }

    private static func object(_ file: URL) throws -> [String: Any] {
        guard let object = try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any] else {
            throw Unreadable(what: file.lastPathComponent)
        }
        return object
    }

    private static func activation(
        _ environment: Environment,
        _ input: [String: Any],
        types: [String: String] = [:]
    ) -> Activation {
        let activation = Activation(environment)
        var shapes = MapShapes()
        for (name, json) in input { activation[name] = value(json, name, types, &shapes) }
        return activation
    }

    private static func value(_ json: Any, _ path: String, _ types: [String: String], _ shapes: inout MapShapes)
        -> Value
    {
        switch json {
        case let number as NSNumber where isTruthValue(number): return .bool(number.boolValue)
        case let number as NSNumber:
            return String(cString: number.objCType) == "d" ? .double(number.doubleValue) : .int(number.int64Value)
        case let text as String: return .string(text)
        case let list as [Any]: return .list(list.map { value($0, path + "[]", types, &shapes) })
        case let object as [String: Any]:
            let fields = object.sorted { $0.key < $1.key }
                .map { ($0.key, value($0.value, "\(path).\($0.key)", types, &shapes)) }
            guard let type = types[path] else { return .map(shapes.map(fields)) }
            return .record(RecordValue(type, shapes.map(fields)))
        default: return .null
        }
    }

    /// Whether a number came from `true` or `false`.
    private static func isTruthValue(_ number: NSNumber) -> Bool {
        String(cString: number.objCType) == "c"
    }

    private static let recordNames = [
        "metrics": "Metrics", "baseline": "Baseline", "baseline.metrics": "Metrics", "slices[]": "Slice",
        "model": "Model", "artifact": "Artifact", "artifact.signatures[]": "Signature", "training": "Training",
        "change": "Change",
    ]

    private static func declareRecords() -> Environment {
        var environment = Environment()
        let metrics = ["auc", "f1", "latency_p99_ms", "loss", "throughput_rps"]
        let records = [
            RecordType(name: "Metrics", fields: Dictionary(uniqueKeysWithValues: metrics.map { ($0, .double) })),
            RecordType(name: "Baseline", fields: ["metrics": .record("Metrics"), "version": .string]),
            RecordType(name: "Slice", fields: ["name": .string, "auc": .double, "support": .int]),
            RecordType(
                name: "Model",
                fields: ["name": .string, "version": .string, "stage": .string, "labels": .map(.string, .string)]
            ),
            RecordType(name: "Signature", fields: ["keyid": .string, "verified": .bool]),
            RecordType(
                name: "Artifact",
                fields: ["digest": .string, "size_bytes": .int, "signatures": .list(.record("Signature"))]
            ),
            RecordType(
                name: "Training", fields: ["finished_at": .string, "dataset_snapshot_at": .string, "seed": .int]),
            RecordType(name: "Change", fields: ["window": .string, "approver_groups": .list(.string)]),
        ]
        for record in records { environment.declare(record) }
        environment.declare("metrics", .record("Metrics"))
        environment.declare("baseline", .record("Baseline"))
        environment.declare("slices", .list(.record("Slice")))
        environment.declare("model", .record("Model"))
        environment.declare("artifact", .record("Artifact"))
        environment.declare("trusted_keys", .list(.string))
        environment.declare("training", .record("Training"))
        environment.declare("change", .record("Change"))
        environment.declare("now", .string)
        return environment
    }
}
