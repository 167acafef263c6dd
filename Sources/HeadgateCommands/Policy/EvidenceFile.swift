import Foundation
import HeadgateCore

/// Evidence that was given in a file and cannot be used.
struct EvidenceProblem: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Evidence from files: plain JSON, and reports of tools.
enum EvidenceFile {
    /// A JSON object.
    static func object(_ bytes: [UInt8], _ name: String) throws(EvidenceProblem) -> JSONValue {
        let value = try json(bytes, name)
        guard case .object = value else { throw EvidenceProblem("\(name) is not a JSON object") }
        return value
    }

    /// A tool's report as what it becomes in `candidate.reports`.
    static func report(_ bytes: [UInt8], _ format: ReportFormat, _ name: String) throws(EvidenceProblem) -> JSONValue {
        let value = try json(bytes, name)
        do throws(ReportProblem) {
            return try ReportReader.evidence(of: value, format)
        } catch {
            throw EvidenceProblem("\(name) is no report of the format \(format.rawValue): \(error.message)")
        }
    }

    private static func json(_ bytes: [UInt8], _ name: String) throws(EvidenceProblem) -> JSONValue {
        do throws(JSONDocument.Problem) {
            return try JSONDocument.parse(bytes)
        } catch {
            throw EvidenceProblem("\(name) is not JSON: \(error)")
        }
    }
}
