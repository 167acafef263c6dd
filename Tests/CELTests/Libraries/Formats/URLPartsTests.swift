import Testing

@testable import CEL

@Suite struct URLPartsTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let text: String
        var scheme = ""
        var host = ""
        var hostname = ""
        var port = ""
        var path = ""
        var query = ""
        var testDescription: String { text }
    }

    static let rows = [
        Row(text: "/path", path: "/path"),
        Row(text: "https://example.com/", scheme: "https", host: "example.com", hostname: "example.com", path: "/"),
        Row(
            text: "HTTPS://user:pass@Example.com:80/path?query=val#fragment",
            scheme: "https",
            host: "Example.com:80",
            hostname: "Example.com",
            port: "80",
            path: "/path",
            query: "query=val"
        ),
        Row(text: "https://[::1]:80/", scheme: "https", host: "[::1]:80", hostname: "::1", port: "80", path: "/"),
        Row(text: "https://[::1]", scheme: "https", host: "[::1]", hostname: "::1"),
        Row(text: "https://127.0.0.1:80", scheme: "https", host: "127.0.0.1:80", hostname: "127.0.0.1", port: "80"),
        Row(text: "https://example.com:", scheme: "https", host: "example.com:", hostname: "example.com"),
        Row(
            text: "https://example.com/path with spaces/",
            scheme: "https",
            host: "example.com",
            hostname: "example.com",
            path: "/path%20with%20spaces/"
        ),
        Row(text: "/a%2Fb", path: "/a%2Fb"),
        Row(text: "/é!", path: "/%C3%A9%21"),
        Row(text: "https://münchen.de/x", scheme: "https", host: "münchen.de", hostname: "münchen.de", path: "/x"),
        Row(text: "mailto:someone@example.com", scheme: "mailto"),
        Row(
            text: "/p?a=1&b=2&a=3&c&d%20e=f+g&bad=%zz&x;y=1",
            path: "/p",
            query: "a=1,3 b=2 c= d e=f g"
        ),
        Row(text: "file:///etc/x", scheme: "file", path: "/etc/x"),
        Row(text: "https://h?", scheme: "https", host: "h", hostname: "h"),
    ]

    @Test(arguments: rows) func `the parts are read`(_ row: Row) throws {
        let url = try URLParts(row.text)
        #expect(url.scheme == row.scheme)
        #expect(url.host == row.host)
        #expect(url.hostname == row.hostname)
        #expect(url.port == row.port)
        #expect(url.escapedPath == row.path)
        #expect(url.query.map { "\($0.key)=\($0.values.joined(separator: ","))" }.joined(separator: " ") == row.query)
    }

    @Test(arguments: [
        "", "../relative-path", "relative", "https://a:b:c/", "https://a:80:90/", "https://a:x/", "://a", ":a", "/a\nb",
        "/a\u{7F}", "/%zz",
        "/%a", "https://a b/", "https://[::1/", "https://[x]/", "https://a]/", "https://us er@a/", "https://a%41/",
        "1http://a", "/a#%zz", "?a=b",
        "#f", "https://[::1]x/",
    ])
    func `what is no absolute URL is refused`(_ text: String) {
        #expect(throws: URLParts.ParseError.self) { try URLParts(text) }
    }
}
