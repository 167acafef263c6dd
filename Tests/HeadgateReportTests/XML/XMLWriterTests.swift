import Foundation
import HeadgateReport
import Testing

@Suite struct XMLWriterTests {
    @Test(arguments: [
        ("a & b", "a &amp; b"), ("</x>", "&lt;/x&gt;"), ("\"'", "&quot;&apos;"), ("\u{1}\u{FFFE}", "\u{FFFD}\u{FFFD}"),
        ("a\nb", "a&#10;b"), ("ü😀", "ü😀"),
    ])
    func `text is escaped and what XML cannot hold is replaced`(_ text: String, _ escaped: String) {
        #expect(XMLWriter.escaped(text) == escaped)
    }

    @Test func `elements nest and empty ones close themselves`() {
        var writer = XMLWriter()
        writer.element("a", ["k": "<"]) { writer in
            writer.element("b", text: "t")
            writer.element("c")
        }
        #expect(
            writer.document == """
                <?xml version="1.0" encoding="UTF-8"?>
                <a k="&lt;">
                  <b>t</b>
                  <c/>
                </a>

                """)
    }
}
