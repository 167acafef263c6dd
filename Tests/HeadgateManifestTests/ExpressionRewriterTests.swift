import HeadgateCore
import Testing

@testable import HeadgateManifest

struct ExpressionRewriterTests {
    /// Stands for a formatter: one space around `&&`, a line for each operand where it is longer than the width.
    private static func format(_ source: String, _ width: Int) -> String? {
        guard !source.contains("(") else { return nil }
        let parts = source.split(separator: "&&").map { part in
            part.split { $0 == " " || $0 == "\n" }.joined(separator: " ")
        }
        let line = parts.joined(separator: " && ")
        return line.count <= width ? line : parts.joined(separator: "\n&& ")
    }

    private func rewrite(_ rules: String) throws -> (text: String, changed: Int) {
        let head = "# note\r\napiVersion: headgate.dev/v1   # v\nkind: Policy\nmetadata: {name: p}\nspec:\n  rules:\n"
        let file = try #require(RepositoryPath("p.yaml"))
        let rewriter = ExpressionRewriter(Array((head + rules).utf8), file: file, format: Self.format)
        let text = String(decoding: rewriter.bytes, as: UTF8.self)
        #expect(text.hasPrefix(head))
        let again = ExpressionRewriter(rewriter.bytes, file: file, format: Self.format)
        #expect(again.bytes == rewriter.bytes, "what is formatted stays as it is")
        return (String(text.dropFirst(head.count)), rewriter.changed.count)
    }

    @Test(arguments: [
        ("  - expression: a&&b   # why\n    name:   x\n", "  - expression: a && b   # why\n    name:   x\n"),
        ("  - {name: x, expression: a&&b , message: 'y'}\n", "  - {name: x, expression: a && b , message: 'y'}\n"),
        ("  - expression: 'a  &&  ''b'''\n", "  - expression: 'a && ''b'''\n"),
        ("  - expression: \"a  && \\\"b\\\"\"\n", "  - expression: \"a && \\\"b\\\"\"\n"),
        ("  - expression: a\n      &&b\n  - name: z\n", "  - expression: a && b\n  - name: z\n"),
        (
            "  - expression: >-  # why\n        a  &&\n        b\n\n  # end\n",
            "  - expression: >-  # why\n      a && b\n\n  # end\n"
        ),
        ("  - expression: |\n      a&&b\n    name: x\n", "  - expression: |\n      a && b\n    name: x\n"),
        ("  - expression: a && b\n", "  - expression: a && b\n"),
        ("  - expression: f(a)&&b\n", "  - expression: f(a)&&b\n"),
        ("  - name: a&&b\n    message: a&&b\n", "  - name: a&&b\n    message: a&&b\n"),
    ])
    func `an expression is rewritten where it stands, and no other byte changes`(
        _ rules: String, _ expected: String
    ) throws {
        let result = try rewrite(rules)
        #expect(result.text == expected)
        #expect((result.changed == 0) == (rules == expected))
    }

    @Test func `an expression that is too long for a line becomes a block, but not within braces`() throws {
        let long = String(repeating: "x", count: 60)
        let block = try rewrite("  - expression: \(long)&&\(long)\n    name: a\n")
        #expect(block.text == "  - expression: >-\n      \(long)\n      && \(long)\n    name: a\n")
        let most = String(repeating: "y", count: 120 - 4 - "expression: ".count)
        #expect(try rewrite("  - expression: \(most)\n").changed == 0, "a line may be as long as 120 columns")
        #expect(try rewrite("  - expression: \(most)y\n").text == "  - expression: >-\n      \(most)y\n")
        let noted = try rewrite("  - expression: \(long)&&\(long)   # why\n")
        #expect(noted.text == "  - expression: \(long) && \(long)   # why\n")
        let flow = try rewrite("  - {expression: \(long)&&\(long)}\n")
        #expect(flow.text == "  - {expression: \(long) && \(long)}\n")
    }

    @Test func `a file keeps its line ends and its byte order mark`() throws {
        let long = String(repeating: "x", count: 60)
        let text = """
            \u{FEFF}apiVersion: headgate.dev/v1
            kind: Policy
            spec:
              rules:
              - expression: \(long)&&\(long)
              - expression: |
                  a&&b

            """.replacing("\n", with: "\r\n")
        let rewriter = ExpressionRewriter(
            Array(text.utf8), file: try #require(RepositoryPath("p.yaml")), format: Self.format)
        let expected = text.replacing("\(long)&&\(long)", with: ">-\r\n      \(long)\r\n      && \(long)")
            .replacing("a&&b", with: "a && b")
        #expect(String(decoding: rewriter.bytes, as: UTF8.self) == expected)
        #expect(rewriter.changed.count == 2)
    }

    @Test(arguments: ["kind: Model\nspec: {expression: a&&b}", "kind: Policy\nspec: {expression: *a}", "just: text"])
    func `other documents and files that are not valid stay as they are`(_ text: String) throws {
        let bytes = Array("apiVersion: headgate.dev/v1\n\(text)".utf8)
        let file = try #require(RepositoryPath("p.yaml"))
        #expect(ExpressionRewriter(bytes, file: file, format: Self.format).bytes == bytes)
    }
}
