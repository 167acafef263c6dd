import HeadgateCore

/// Metrics of the candidate against the champion's as a picture: bars from the champion to either side.
///
/// Without a champion the bars begin at the numbers that the gates compare the metrics with, a bar for each, and tell
/// whether that holds.
///
/// It stands by itself, follows the reader's light or dark theme, and needs no script, since forges show it as an image.
package struct MetricPlot: Sendable {
    private struct Row {
        let metric: MetricComparison
        let values: String
        /// The bar's class in the style.
        let kind: String
        /// Who asks, below the metric's name.
        var askers = ""
    }

    private let title: String
    /// What stands in the middle.
    private let middle: String
    private let rows: [Row]

    /// Nil when there is nothing to draw; ``reasonForNone(of:)`` says why.
    package init?(_ subject: JudgedSubject) {
        let compared = subject.metrics.filter { $0.relativeChange?.isFinite == true }
        if compared.isEmpty {
            rows = Self.bounded(subject)
            (title, middle) = ("\(subject.object.name): candidate against what its gates ask", "bound")
        } else {
            rows = compared.map { metric in
                let values = "\(NumberText.shown(metric.champion)) → \(NumberText.shown(metric.candidate))"
                let change = metric.relativeChange ?? 0
                return Row(metric: metric, values: values, kind: change == 0 ? "same" : change > 0 ? "more" : "less")
            }
            (title, middle) = ("\(subject.object.name): candidate against champion", "champion")
        }
        if rows.isEmpty { return nil }
    }

    private static func bounded(_ subject: JudgedSubject) -> [Row] {
        var seen: Set<MetricBound> = []
        return subject.bounds.compactMap { bound in
            // Policies that ask the same share a bar.
            let askers = subject.bounds.filter { $0.anonymous == bound.anonymous }
            guard seen.insert(bound.anonymous).inserted else { return nil }
            let candidate = subject.metrics.first { $0.name == bound.metric }?.candidate
            let metric = MetricComparison(name: bound.metric, champion: bound.bound, candidate: candidate)
            guard metric.relativeChange?.isFinite == true, let candidate else { return nil }
            let values = "\(NumberText.shown(candidate)), asked \(bound.sign.rawValue) \(NumberText.shown(bound.bound))"
            let holds = bound.holds(for: candidate)
            let names = askers.compactMap { asker in
                asker.policy.map { asker.isAtBase ? "\($0) at base" : "\($0)" }
            }
            return Row(
                metric: metric, values: values, kind: holds ? "holds" : "fails",
                askers: "\(holds ? "✓" : "✗") \(names.joined(separator: ", "))")
        }
    }

    /// Why a subject has no plot, in a sentence without its end.
    package static func reasonForNone(of subject: JudgedSubject) -> String {
        let isMeasured = subject.metrics.contains { $0.candidate?.isFinite == true }
        return isMeasured
            ? "there is no champion's metric to compare with, and no gate compares one with a number"
            : "no metric of the candidate is known"
    }

    /// The name of a subject's file.
    package static func fileName(of subject: JudgedSubject) -> String {
        "\(subject.object.kind.rawValue.lowercased())-\(subject.object.name).svg"
    }

    private static let width = 760.0
    private static let rowHeight = 30.0
    private static let top = 52.0
    /// Where names end, bars begin and end, and values begin.
    private static let nameEnd = 196.0
    private static let barStart = 214.0
    private static let barEnd = 524.0
    private static let valueStart = 544.0
    private static let rowLimit = 40

    /// The SVG document.
    package var document: String {
        let shown = rows.prefix(Self.rowLimit)
        let height = Self.top + Double(shown.count) * Self.rowHeight + 34
        let scale = Self.scale(of: shown.compactMap(\.metric.relativeChange))
        var writer = XMLWriter()
        writer.element(
            "svg",
            [
                ("xmlns", "http://www.w3.org/2000/svg"), ("viewBox", "0 0 \(Int(Self.width)) \(Int(height))"),
                ("width", "\(Int(Self.width))"), ("height", "\(Int(height))"), ("role", "img"),
            ]
        ) { writer in
            writer.element("title", text: title)
            writer.element("style", text: Self.style)
            writer.element(
                "rect", [("class", "ground"), ("width", "100%"), ("height", "100%"), ("rx", "8")])
            Self.text(&writer, title, 20, 30, "title")
            Self.axis(&writer, scale, height, middle)
            for (index, row) in shown.enumerated() {
                Self.row(&writer, row, Self.top + Double(index) * Self.rowHeight, scale)
            }
        }
        return writer.document
    }

    private static func axis(_ writer: inout XMLWriter, _ scale: Double, _ height: Double, _ middle: String) {
        let bottom = height - 30
        for part in [-1.0, -0.5, 0, 0.5, 1] {
            let x = place(part * scale, scale)
            line(&writer, x, top - 6, x, bottom, part == 0 ? "zero" : "grid")
            let number = NumberText.fixed(abs(part) * scale * 100, digits: 1)
            let label = part == 0 ? middle : "\(part < 0 ? "−" : "+")\(number) %"
            text(&writer, label, x, height - 12, "tick")
        }
    }

    private static func row(
        _ writer: inout XMLWriter, _ row: Row, _ y: Double, _ scale: Double
    ) {
        let change = row.metric.relativeChange ?? 0
        let middle = y + rowHeight / 2
        let clipped = max(-scale, min(scale, change))
        let zero = place(0, scale)
        let end = place(clipped, scale)
        text(&writer, clip(row.metric.name, to: 26), nameEnd, row.askers.isEmpty ? middle + 4 : middle - 1, "name")
        if !row.askers.isEmpty { text(&writer, clip(row.askers, to: 30), nameEnd, middle + 11, "asker") }
        writer.element(
            "rect",
            [
                ("class", row.kind), ("x", number(min(zero, end))), ("y", number(middle - 7)),
                ("width", number(max(abs(end - zero), 1))), ("height", "14"), ("rx", "2"),
            ])
        text(&writer, row.values, valueStart, middle + 4, "value")
        text(&writer, NumberText.percent(change), width - 20, middle + 4, "change")
    }

    // MARK: Geometry

    /// Half the axis: a round number that holds all but the wildest.
    static func scale(of changes: [Double]) -> Double {
        let widest = changes.map(abs).filter(\.isFinite).max() ?? 0
        let steps = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10]
        return steps.first { $0 >= widest } ?? 10
    }

    private static func place(_ change: Double, _ scale: Double) -> Double {
        barStart + (change / scale + 1) / 2 * (barEnd - barStart)
    }

    private static func number(_ number: Double) -> String { NumberText.fixed(number, digits: 2) }

    private static func clip(_ name: String, to count: Int) -> String {
        name.count > count ? "\(name.prefix(count / 2 - 1))…\(name.suffix(count - count / 2))" : name
    }

    // MARK: Elements

    private static func text(_ writer: inout XMLWriter, _ text: String, _ x: Double, _ y: Double, _ kind: String) {
        writer.element("text", [("class", kind), ("x", number(x)), ("y", number(y))], text: text)
    }

    private static func line(
        _ writer: inout XMLWriter, _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ kind: String
    ) {
        writer.element(
            "line",
            [("class", kind), ("x1", number(x1)), ("y1", number(y1)), ("x2", number(x2)), ("y2", number(y2))])
    }

    // Whether more is better is the policies' business, so against a champion colours say direction and not praise.
    private static let style =
        "text{font:13px ui-sans-serif,system-ui,'Segoe UI','DejaVu Sans',sans-serif;fill:#1f2328}"
        + ".title{font-weight:600;font-size:15px}.name{text-anchor:end}.change{text-anchor:end;font-weight:600}"
        + ".tick{text-anchor:middle;font-size:11px;fill:#656d76}.value{fill:#656d76}"
        + ".asker{text-anchor:end;font-size:11px;fill:#656d76}"
        + ".ground{fill:#ffffff;stroke:#d1d9e0}.grid{stroke:#d1d9e0;stroke-dasharray:2 3}.zero{stroke:#656d76}"
        + ".more{fill:#0969da}.less{fill:#bc4c00}.same{fill:#8c959f}"
        + ".holds{fill:#1a7f37}.fails{fill:#cf222e}"
        + "@media (prefers-color-scheme:dark){text{fill:#e6edf3}.tick,.value,.asker{fill:#8d96a0}"
        + ".ground{fill:#0d1117;stroke:#30363d}.grid{stroke:#30363d}.zero{stroke:#8d96a0}"
        + ".more{fill:#4493f8}.less{fill:#db6d28}.holds{fill:#3fb950}.fails{fill:#f85149}}"
}

extension MetricBound {
    /// What is asked, whoever asks.
    fileprivate var anonymous: MetricBound { MetricBound(metric: metric, sign: sign, bound: bound) }
}
