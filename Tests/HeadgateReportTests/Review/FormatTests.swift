import Foundation
import HeadgateCore
import HeadgateReport
import Testing

/// Tools that are not ours, in a Python that `Tests/run` makes and names.
private let validators = ProcessInfo.processInfo.environment["HEADGATE_VALIDATORS"].map { "\($0)/bin/python" }

/// Every format, read by tools that are not ours.
@Suite(.enabled(if: validators != nil, "HEADGATE_VALIDATORS names no Python with the validators"))
struct FormatTests {
    static let formats: [(String, @Sendable (ReviewReport) -> String)] = [
        ("junit", { $0.junit.document }),
        ("sarif", { SARIFReport($0.findings, notes: $0.notes, version: "0.1.0").document }),
        ("gitlab", { CodeQualityReport($0.findings).document }),
        ("markdown", { MarkdownReport($0, plots: "plots/").document }),
        ("github", { GitHubAnnotations($0.findings, notes: $0.notes).document }),
        ("svg", { MetricPlot($0.subjects[0])?.document ?? "" }),
    ]

    @Test(arguments: formats.map(\.0))
    func `a report with hostile text in it is as its format wants it`(_ format: String) throws {
        let write = try #require(Self.formats.first { $0.0 == format }?.1)
        #expect(try problem(format, write(SampleReport.make())) == "")
    }

    @Test func `a plot without a champion is as its format wants it`() throws {
        var report = try SampleReport.make()
        for index in report.subjects[0].metrics.indices { report.subjects[0].metrics[index].champion = nil }
        report.subjects[0].bounds = [
            MetricBound(metric: "accuracy", sign: .atLeast, bound: 0.9),
            MetricBound(metric: SampleReport.hostile, sign: .atMost, bound: 3),
        ]
        let plot = try #require(MetricPlot(report.subjects[0])).document
        #expect(plot.contains("0.9306, asked ≥ 0.9") && plot.contains("+3.40 %"), "\(plot)")
        #expect(try problem("svg", plot) == "")
    }

    @Test(arguments: ["junit", "sarif", "gitlab", "markdown"])
    func `an empty report is as its format wants it`(_ format: String) throws {
        var report = try SampleReport.make()
        report = ReviewReport(base: report.base, head: report.head)
        let write = try #require(Self.formats.first { $0.0 == format }?.1)
        #expect(try problem(format, write(report)) == "")
    }

    @Test(arguments: ["junit", "sarif", "gitlab", "github", "svg"])
    func `the validators refuse what is not as it should be`(_ format: String) throws {
        #expect(try problem(format, "{\"x\": ]") != "")
    }

    private func problem(_ format: String, _ text: String) throws -> String {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("report-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(text.utf8).write(to: file)
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Validators/validate")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(validators))
        process.arguments = [script.path, format, file.path]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return process.terminationStatus == 0 ? "" : String(decoding: output, as: UTF8.self) + "failed"
    }
}
