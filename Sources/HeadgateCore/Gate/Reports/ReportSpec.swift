/// A report that a tool leaves in a file, and the tool's format.
package struct ReportSpec: Hashable, Sendable, Codable {
    /// Relative to the manifest's folder.
    package var file: String
    package var format: ReportFormat

    package init(file: String, format: ReportFormat = .json) {
        self.file = file
        self.format = format
    }

    /// Without a format it is plain JSON.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        file = try container.decode(String.self, forKey: .file)
        format = try container.decodeIfPresent(ReportFormat.self, forKey: .format) ?? .json
    }
}

/// Formats of reports that Headgate reads.
package enum ReportFormat: String, Hashable, Sendable, Codable, CaseIterable {
    /// A JSON document as it stands.
    case json
    /// A report or snapshot of Evidently.
    case evidently
    /// A suite's or a check's result of Deepchecks.
    case deepchecks
    /// Results of an evaluation by MLflow.
    case mlflow
    /// What `dvc metrics show --json` prints.
    case dvc
}
