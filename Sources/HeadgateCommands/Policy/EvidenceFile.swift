import Foundation
import HeadgateCore
import HeadgateManifest

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

    /// A mapping by variable, in JSON or YAML, with places where they are known.
    static func evidence(_ bytes: [UInt8], file: RepositoryPath) throws(EvidenceProblem) -> PlacedJSON {
        guard !ManifestParser.isManifestPath(file) else {
            let (value, problems) = PlainYAML.read(bytes, file: file)
            guard let value, problems.isEmpty else {
                throw EvidenceProblem(problems.first?.description ?? "\(file) cannot be read")
            }
            return value
        }
        let value = try object(bytes, file.text)
        // JSON is YAML as far as places go, and a problem may need one.
        let places = bytes.count <= placedSize ? PlainYAML.read(bytes, file: file).value?.places : nil
        return PlacedJSON(value, places: places ?? [:])
    }

    /// Places in larger JSON files are not looked for.
    private static let placedSize = 256 << 10

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
