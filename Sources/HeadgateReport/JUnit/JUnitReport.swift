package import HeadgateCore

/// Results as the JUnit XML that CI systems show: suites of cases, each with its file and line.
///
/// A case that could not tell is an `error`, one that said no a `failure`, as JUnit has it.
package struct JUnitReport: Hashable, Sendable {
    /// One thing that was asked.
    package struct Case: Hashable, Sendable {
        package enum Outcome: Hashable, Sendable {
            case passed
            /// It said no.
            case failed(message: String, detail: String = "")
            /// It could not tell.
            case errored(message: String, detail: String = "")
            case skipped(reason: String)
        }

        package var name: String
        /// Groups cases, dots for nesting.
        package var group: String
        package var outcome: Outcome
        package var location: SourceLocation?
        package var duration: Duration
        /// Shown with the case whatever its outcome.
        package var output: String

        package init(
            _ name: String, in group: String, _ outcome: Outcome = .passed, at location: SourceLocation? = nil,
            duration: Duration = .zero, output: String = ""
        ) {
            self.name = name
            self.group = group
            self.outcome = outcome
            self.location = location
            self.duration = duration
            self.output = output
        }
    }

    package struct Suite: Hashable, Sendable {
        package var name: String
        package var cases: [Case]

        package init(_ name: String, _ cases: [Case]) {
            self.name = name
            self.cases = cases
        }
    }

    package var name: String
    package var suites: [Suite]

    package init(_ name: String, _ suites: [Suite]) {
        self.name = name
        self.suites = suites
    }

    /// The XML document.
    package var document: String {
        var writer = XMLWriter()
        let all = Tally(suites.flatMap(\.cases))
        writer.element(
            "testsuites",
            [
                "name": name, "tests": String(all.tests), "failures": String(all.failures),
                "errors": String(all.errors), "time": all.time,
            ]
        ) { writer in
            for suite in suites { Self.write(suite, &writer) }
        }
        return writer.document
    }

    private struct Tally {
        var tests = 0
        var failures = 0
        var errors = 0
        var skipped = 0
        var duration = Duration.zero

        init(_ cases: [Case]) {
            for item in cases {
                tests += 1
                duration += item.duration
                switch item.outcome {
                case .passed: break
                case .failed: failures += 1
                case .errored: errors += 1
                case .skipped: skipped += 1
                }
            }
        }

        var time: String { JUnitReport.seconds(duration) }
    }

    private static func write(_ suite: Suite, _ writer: inout XMLWriter) {
        let tally = Tally(suite.cases)
        writer.element(
            "testsuite",
            [
                "name": suite.name, "tests": String(tally.tests), "failures": String(tally.failures),
                "errors": String(tally.errors), "skipped": String(tally.skipped), "time": tally.time,
            ]
        ) { writer in
            for item in suite.cases { write(item, &writer) }
        }
    }

    private static func write(_ item: Case, _ writer: inout XMLWriter) {
        var attributes = [("name", item.name), ("classname", item.group), ("time", seconds(item.duration))]
        if let location = item.location {
            attributes += [("file", location.file.description), ("line", String(location.line))]
        }
        writer.element("testcase", attributes) { writer in
            switch item.outcome {
            case .passed: break
            case .failed(let message, let detail): problem("failure", message, detail, item, &writer)
            case .errored(let message, let detail): problem("error", message, detail, item, &writer)
            case .skipped(let reason): writer.element("skipped", ["message": reason])
            }
            if !item.output.isEmpty { writer.element("system-out", text: item.output) }
        }
    }

    private static func problem(
        _ element: String, _ message: String, _ detail: String, _ item: Case, _ writer: inout XMLWriter
    ) {
        // Systems that know no attribute for the place still show the text.
        let body = detail.isEmpty ? message : detail
        let place = item.location.map { "\($0)" } ?? ""
        let text = place.isEmpty || body.hasPrefix(place) ? body : "\(place)\n\(body)"
        writer.element(element, ["message": message, "type": element], text: text)
    }

    /// Seconds with milliseconds, such as `1.250`.
    static func seconds(_ duration: Duration) -> String {
        let milliseconds = max(0, duration.milliseconds)
        let fraction = String(milliseconds % 1000)
        return "\(milliseconds / 1000)." + String(repeating: "0", count: 3 - fraction.count) + fraction
    }
}
