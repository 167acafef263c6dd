import ArgumentParser
import Foundation
import HeadgateCore
import HeadgatePolicy

/// Evidence that a person or another tool gives by file, besides what steps and controllers report.
struct GivenEvidence: Codable {
    struct Candidate: Codable {
        /// Those that no step reports; what steps report counts before them.
        var metrics: [String: JSONValue]
        /// Files of tools by name, relative to this file's folder; they become `candidate.reports.NAME`.
        var reports: [String: ReportSpec]?
    }

    /// What the candidates' reports say, by Model and name.
    private(set) var reports: [String: [String: JSONValue]] = [:]

    private enum CodingKeys: String, CodingKey {
        case candidates, champions, approvals
    }

    struct Consent: Codable {
        var by: String
        var at: String?
    }

    /// By Model.
    var candidates: [String: Candidate]?
    /// By Deployment; null says that it never served.
    var champions: [String: Candidate?]?
    /// By Deployment; an empty list says that nobody approved.
    var approvals: [String: [Consent]]?

    private static let sizeLimit = 16 << 20

    init() {}

    /// Reads a JSON file; an unknown member is an error that names it.
    init(file: String) throws {
        guard let data = FileManager.default.contents(atPath: file), data.count <= Self.sizeLimit else {
            throw ValidationError("the evidence file \(file) cannot be read, or is larger than 16 MiB")
        }
        do {
            guard case .object(let members) = try JSONDecoder().decode(JSONValue.self, from: data) else {
                throw ValidationError("the evidence file \(file) is not a JSON object")
            }
            try Self.check(members, file)
            self = try JSONDecoder().decode(GivenEvidence.self, from: data)
            try checkTimes(file)
            reports = try readReports(beside: URL(fileURLWithPath: file).deletingLastPathComponent())
        } catch let error as ValidationError {
            throw error
        } catch let error as DecodingError {
            throw ValidationError("the evidence file \(file): \(Self.problem(error))")
        } catch {
            throw ValidationError("the evidence file \(file) cannot be used: \(error)")
        }
    }

    private func checkTimes(_ file: String) throws {
        for (name, consents) in (approvals ?? [:]).sorted(by: { $0.key < $1.key }) {
            for (index, at) in consents.map(\.at).enumerated() {
                guard let at, (try? Date(at, strategy: .iso8601)) == nil else { continue }
                throw ValidationError(
                    "the evidence file \(file): approvals.\(name)[\(index)].at: \(at) is not a time such as "
                        + "2026-03-01T12:00:00Z")
            }
        }
    }

    /// What is given for objects that a repository does not have, in sentences.
    func strangers(in desired: DesiredState) -> [String] {
        let models = (desired.models.keys.map(\.text), "Model")
        let deployments = (desired.deployments.keys.map(\.text), "Deployment")
        let given = [
            (candidates.map { Array($0.keys) } ?? [], models), (champions.map { Array($0.keys) } ?? [], deployments),
            (approvals.map { Array($0.keys) } ?? [], deployments),
        ]
        let strangers = given.flatMap { names, known in
            Set(names).subtracting(known.0).sorted().map { name in
                let near = Spelling.nearest(to: name, among: known.0.sorted()).map { "; did you mean \"\($0)\"?" }
                return "the evidence file names \(known.1) \(name), which head does not have\(near ?? "")"
            }
        }
        return strangers + misfits(with: desired)
    }

    /// Metrics that the steps of a candidate's Model declare otherwise, or not at all.
    private func misfits(with desired: DesiredState) -> [String] {
        (candidates ?? [:]).sorted { $0.key < $1.key }.flatMap { name, candidate -> [String] in
            guard let name = ModelName(name), let pipeline = desired.models[name]?.spec.pipeline,
                let declared = pipeline.steps.declaredMetrics
            else { return [] }
            let metrics = JSONValue.object(candidate.metrics)
            let undeclared = MisspeltMetric.all(in: metrics, among: declared, limit: 20).map { metric in
                "\(metric.name), which no step declares\(metric.hint.map { "; \($0)" } ?? "")"
            }
            return (undeclared + declared.mistyped(in: metrics)).map {
                "the evidence file gives Model \(name) the metric \($0)"
            }
        }
    }

    /// What stands for a value in the files that a report shows.
    static let placeholder = "…"

    /// Refuses members that nothing reads, and values that were not filled in.
    private static func check(_ document: [String: JSONValue], _ file: String) throws {
        func refuse(_ path: String, _ problem: String) -> ValidationError {
            ValidationError("the evidence file \(file): \(path): \(problem)")
        }
        func members(_ value: JSONValue?, _ path: String, known: [String]) throws {
            for (name, entry) in value?.sortedMembers ?? [] {
                for (member, _) in entry.sortedMembers where !known.contains(member) {
                    throw refuse(
                        "\(path).\(name)", "unknown member \(member); known are \(known.joined(separator: ", "))")
                }
            }
        }
        func filled(_ value: JSONValue, _ path: String) throws {
            if value == .string(placeholder) {
                throw refuse(path, "a value is to stand here in place of \(placeholder)")
            }
            for (name, nested) in value.sortedMembers { try filled(nested, path.isEmpty ? name : "\(path).\(name)") }
        }
        let known = ["candidates", "champions", "approvals"]
        if let unknown = document.keys.sorted().first(where: { !known.contains($0) }) {
            throw ValidationError(
                "the evidence file \(file): unknown member \(unknown); known are \(known.joined(separator: ", "))")
        }
        try members(document["candidates"], "candidates", known: ["metrics", "reports"])
        // Only its metrics are asked of a champion by file; all else of it is what a controller publishes.
        try members(document["champions"], "champions", known: ["metrics"])
        try filled(.object(document), "")
    }

    private static func problem(_ error: DecodingError) -> String {
        func at(_ context: DecodingError.Context) -> String {
            let path = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }
            return path.isEmpty ? "" : path.joined(separator: ".").replacing(".[", with: "[") + ": "
        }
        switch error {
        case .dataCorrupted(let context): return "\(at(context))it is not valid JSON"
        case .keyNotFound(let key, let context): return "\(at(context))the member \(key.stringValue) is missing"
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            return "\(at(context))another kind of value is wanted"
        @unknown default: return "it is not as it is wanted"
        }
    }

    private func readReports(beside folder: URL) throws -> [String: [String: JSONValue]] {
        try (candidates ?? [:]).mapValues { candidate in
            try (candidate.reports ?? [:]).mapValues { report in
                let path = folder.appendingPathComponent(report.file).path
                guard let data = FileManager.default.contents(atPath: path), data.count <= Self.sizeLimit else {
                    throw ValidationError("the report \(path) cannot be read, or is larger than 16 MiB")
                }
                do {
                    return try EvidenceFile.report(Array(data), report.format, path)
                } catch {
                    throw ValidationError("\(error)")
                }
            }
        }
    }

    /// Consents to a version of a Deployment; nil when the file says nothing of them.
    func consents(_ deployment: DeploymentName, to version: VersionID?, now: Instant) -> [Approval]? {
        approvals?[deployment.text]?.map { consent in
            let at = consent.at.flatMap { try? Date($0, strategy: .iso8601) }
            return Approval(
                by: consent.by,
                at: at.map { Instant(milliseconds: Int64($0.timeIntervalSince1970 * 1000)) } ?? now,
                digest: version?.description ?? "")
        }
    }
}
