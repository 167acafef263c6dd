import HeadgateCore
import HeadgateReport
import Testing

@Suite struct LineTextTests {
    @Test(arguments: [
        ("plain – ü 👩‍💻 [a] # b", "plain – ü 👩‍💻 [a] # b"),
        ("\u{1B}[31mred\u{7}\u{9B}1m", " [31mred  1m"),
        ("a\u{202E}b\u{2066}c\u{200F}d\u{61C}e", "a\u{FFFD}b\u{FFFD}c\u{FFFD}d\u{FFFD}e"),
        ("one\u{2028}two\r\nthree", "one two  three"),
        // GitHub's runner: anywhere in a line, and at its start behind spaces; what a language ignores does not help.
        ("a ##[error]b", "a ## [error]b"), ("###[x]", "### [x]"), ("#\u{AD}#\u{200B}[x]", "#\u{AD}#\u{200B} [x]"),
        ("a ##vso[task.complete]b", "a ##vso [task.complete]b"), ("## [x] #[y] ##-[z]", "## [x] #[y] ##-[z]"),
        ("::error::x", ": :error::x"), (" \t::error::x", "  : :error::x"), ("\u{AD}::x", "\u{AD}: :x"),
        ("a::b ::c", "a::b ::c"), (":a:", ":a:"),
    ])
    func `a line moves no cursor, turns no direction and is no command`(_ text: String, _ clean: String) {
        #expect(LineText.clean(text) == clean)
        #expect(LineText.clean(clean) == clean)
    }

    @Test func `of several lines each is clean`() {
        #expect(LineText.cleanLines("a\n::b\r\n##[c]\n") == "a\n: :b \n## [c]\n")
    }

    static let formats: [(name: String, write: @Sendable (ReviewReport) -> String)] = [
        ("text", { TextReport($0).document }), ("json", { ReportJSON.text($0) }), ("junit", { $0.junit.document }),
        ("sarif", { SARIFReport($0.findings, notes: $0.notes, version: "0.1.0").document }),
        ("gitlab", { CodeQualityReport($0.findings).document }),
        ("github", { GitHubAnnotations($0.findings, notes: $0.notes).document }),
        ("markdown", { MarkdownReport($0, plots: "plots/").document }),
        ("svg", { MetricPlot($0.subjects[0])?.document ?? "" }),
    ]

    @Test(arguments: formats.map(\.name))
    func `no format says anything to a terminal or a log but what it shows`(_ name: String) throws {
        let document = try #require(Self.formats.first { $0.name == name }).write(SampleReport.make())
        let odd = document.unicodeScalars.filter { scalar in
            LineText.isDirectional(scalar) || (scalar != "\n" && scalar.properties.generalCategory == .control)
        }
        #expect(odd.isEmpty, "\(odd.map { String($0.value, radix: 16) })")
        #expect(!document.contains("##["), "\(document)")
        let commands = document.split(separator: "\n").filter { $0.drop(while: \.isWhitespace).hasPrefix("::") }
        let own = ["::error ", "::warning ", "::notice "]
        let foreign = name == "github" ? commands.filter { !own.contains(where: $0.hasPrefix) } : commands
        #expect(foreign.isEmpty, "\(document)")
    }

    @Test func `JSON says the same however it is written`() throws {
        let text = "##[error]\u{202E}\u{9B}\u{7F}"
        #expect(ReportJSON.text([text]) == "[\n  \"##\\u005berror]\\u202e\\u009b\\u007f\"\n]\n")
    }
}
