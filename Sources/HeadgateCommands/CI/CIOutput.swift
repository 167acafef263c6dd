import ArgumentParser
import Foundation
import HeadgateReport

/// A format of the report, and the file that it goes to; standard output without one.
struct CIOutput: ExpressibleByArgument, Equatable {
    enum Format: String, CaseIterable {
        case text, json, junit, sarif, github, markdown
        case githubSummary = "github-summary"
        case codeQuality = "gitlab"

        /// What `--report` calls the file of the format; nil for one that makes no sense in a file.
        var fileName: String? {
            switch self {
            case .text: "report.txt"
            case .json: "report.json"
            case .junit: "junit.xml"
            case .sarif: "headgate.sarif"
            case .markdown: "report.md"
            case .codeQuality: "gl-code-quality-report.json"
            case .github, .githubSummary: nil
            }
        }
    }

    let format: Format
    let file: String?

    init(_ format: Format, file: String? = nil) {
        self.format = format
        self.file = file
    }

    init?(argument: String) {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard let format = Format(rawValue: String(parts[0])), parts.count == 1 || !parts[1].isEmpty else {
            return nil
        }
        self.init(format, file: parts.count == 2 ? String(parts[1]) : nil)
    }

    /// Refuses what has no place to go to, before anything is done.
    func check(_ environment: [String: String]) throws {
        guard format == .githubSummary, summaryFile(environment) == nil else { return }
        throw ValidationError("github-summary: GITHUB_STEP_SUMMARY is not set; give github-summary=FILE")
    }

    /// The file of a step's summary; nil where neither a person nor the system named one.
    fileprivate func summaryFile(_ environment: [String: String]) -> String? {
        let file = file ?? environment["GITHUB_STEP_SUMMARY"] ?? ""
        return file.isEmpty ? nil : file
    }

    static var allValueStrings: [String] { Format.allCases.map(\.rawValue) }
}

/// Writes a report in every format that was asked for.
struct CIReportWriter {
    let report: ReviewReport
    /// What stands before plots' names in Markdown that goes elsewhere than to the report's folder.
    let imageBase: String?
    let environment: [String: String]

    /// Writes one output.
    func write(_ output: CIOutput) throws {
        if output.format == .githubSummary, let file = output.summaryFile(environment) {
            return try append(text(.githubSummary, plots: imageBase), to: file)
        }
        let text = text(output.format, plots: imageBase)
        guard let file = output.file else {
            FileHandle.standardOutput.write(Data(text.utf8))
            return
        }
        try Self.write(text, to: file)
    }

    /// Writes every format that makes sense as a file, and the plots, into a folder.
    func writeAll(to folder: String) throws {
        for format in CIOutput.Format.allCases {
            guard let name = format.fileName else { continue }
            try Self.write(text(format, plots: imageBase ?? "plots/"), to: "\(folder)/\(name)")
        }
        for subject in report.subjects {
            guard let plot = MetricPlot(subject) else { continue }
            try Self.write(
                plot.document, to: "\(folder)/plots/\(MetricPlot.fileName(of: subject))")
        }
    }

    private func text(_ format: CIOutput.Format, plots: String?) -> String {
        switch format {
        case .text: TextReport(report).document
        case .json: ReportJSON.text(CIDocument(outcome: report.outcome, report: report))
        case .junit: report.junit.document
        case .sarif: SARIFReport(report.findings, notes: report.notes, version: headgateVersion).document
        case .github: GitHubAnnotations(report.findings, notes: report.notes).document
        case .markdown, .githubSummary: MarkdownReport(report, plots: plots).document
        case .codeQuality: CodeQualityReport(report.findings).document
        }
    }

    private func append(_ text: String, to file: String) throws {
        if !FileManager.default.fileExists(atPath: file) { return try Self.write(text, to: file) }
        guard let handle = FileHandle(forWritingAtPath: file) else { throw OutputProblem(file, "cannot be opened") }
        defer { try? handle.close() }
        try handle.seekToEnd()
        try handle.write(contentsOf: Data(text.utf8))
    }

    private static func write(_ text: String, to file: String) throws {
        do {
            let folder = URL(fileURLWithPath: file).deletingLastPathComponent()
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try Data(text.utf8).write(to: URL(fileURLWithPath: file), options: .atomic)
        } catch {
            throw OutputProblem(file, "cannot be written: \(error.localizedDescription)")
        }
    }
}

/// The JSON output: the report with its outcome.
private struct CIDocument: Encodable {
    let outcome: ReviewReport.Outcome
    let report: ReviewReport

    private enum CodingKeys: String, CodingKey { case outcome }

    func encode(to encoder: any Encoder) throws {
        try report.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(outcome, forKey: .outcome)
    }
}

/// Why an output was not written.
struct OutputProblem: Error, CustomStringConvertible {
    let description: String

    init(_ file: String, _ problem: String) { description = "\(file) \(problem)" }
}
