import ArgumentParser
import Foundation
import HeadgateReport

/// A format of the report, and the file that it goes to; standard output without one, or for `-`.
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
        guard let format = Format(rawValue: String(parts[0])) else { return nil }
        self.init(format, file: parts.count == 2 ? String(parts[1]) : nil)
    }

    /// Refuses what has no place to go to, before anything is done.
    func check(_ environment: [String: String]) throws {
        if file?.isEmpty == true {
            throw ValidationError("\(format.rawValue)=: the file is missing; - is standard output")
        }
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

    /// Writes what was asked for, and every format into a folder; gives what could not be written.
    ///
    /// Each is written whatever became of the others. That nobody reads standard output any more is no problem.
    func write(_ outputs: [CIOutput], folder: String?) -> [OutputProblem] {
        var problems: [OutputProblem] = []
        func attempt(_ body: () throws(OutputProblem) -> Void) {
            do { try body() } catch { problems.append(error) }
        }
        for output in outputs { attempt { () throws(OutputProblem) in try write(output) } }
        if let folder { attempt { () throws(OutputProblem) in try writeAll(to: folder) } }
        return problems
    }

    /// Writes every format that makes sense as a file, and the plots; a folder that refuses one refuses all.
    private func writeAll(to folder: String) throws(OutputProblem) {
        for format in CIOutput.Format.allCases {
            guard let name = format.fileName else { continue }
            try OutputFile(path: "\(folder)/\(name)").write(text(format, plots: imageBase ?? "plots/"))
        }
        for subject in report.subjects {
            guard let plot = MetricPlot(subject) else { continue }
            try OutputFile(path: "\(folder)/plots/\(MetricPlot.fileName(of: subject))").write(plot.document)
        }
    }

    private func write(_ output: CIOutput) throws(OutputProblem) {
        let text = text(output.format, plots: imageBase)
        let file = output.format == .githubSummary ? output.summaryFile(environment) : output.file
        guard let file, file != "-" else {
            do throws(SystemRefusal) { return try StandardStream.output.write(text) } catch {
                // Whoever read has read enough.
                if error.number == EPIPE { return }
                throw OutputProblem("standard output", "cannot be written: \(error)")
            }
        }
        if output.format == .githubSummary { return try OutputFile(path: file).append(text) }
        try OutputFile(path: file).write(text)
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
