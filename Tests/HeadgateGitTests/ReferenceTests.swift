import HeadgateCore
import HeadgateGit
import Testing

@Suite struct ReferenceTests {
    struct RangeCase: Sendable, CustomTestStringConvertible {
        let range: String
        let inside: [String]
        let outside: [String]
        var testDescription: String { range }
    }

    static let ranges = [
        RangeCase(range: ">=1.2.0 <2.0.0", inside: ["1.2.0", "1.99.9"], outside: ["1.1.9", "2.0.0", "1.5.0-rc.1"]),
        RangeCase(range: ">= 1.2.0, < 2.0.0", inside: ["1.2.0", "1.99.9"], outside: ["1.1.9", "2.0.0"]),
        RangeCase(range: "^1.2", inside: ["1.2.0", "1.9.0"], outside: ["1.1.0", "2.0.0", "2.0.0-rc.1"]),
        RangeCase(range: "^0.2.3", inside: ["0.2.3", "0.2.9"], outside: ["0.3.0", "0.2.2"]),
        RangeCase(range: "^0.0.3", inside: ["0.0.3"], outside: ["0.0.4"]),
        RangeCase(range: "~1.4.2", inside: ["1.4.2", "1.4.9"], outside: ["1.5.0", "1.4.1"]),
        RangeCase(range: "1.x", inside: ["1.0.0", "1.9.9"], outside: ["0.9.0", "2.0.0"]),
        RangeCase(range: "1.2.*", inside: ["1.2.0", "1.2.7"], outside: ["1.3.0"]),
        RangeCase(range: "*", inside: ["0.0.0", "99.0.0"], outside: ["1.0.0-a"]),
        RangeCase(range: "1.2 - 1.4", inside: ["1.2.0", "1.4.9"], outside: ["1.1.9", "1.5.0"]),
        RangeCase(range: "1.x || >=3.1", inside: ["1.5.0", "3.1.0"], outside: ["2.0.0", "3.0.9"]),
        RangeCase(range: "=1.2.3", inside: ["1.2.3", "1.2.3+build"], outside: ["1.2.4", "1.2.2"]),
        RangeCase(range: "!=1.2.3", inside: ["1.2.4"], outside: ["1.2.3"]),
        RangeCase(range: ">1.2", inside: ["1.3.0"], outside: ["1.2.9"]),
        RangeCase(range: ">1.2.3", inside: ["1.2.4"], outside: ["1.2.3"]),
        RangeCase(range: "<=1.2.3", inside: ["1.2.3", "0.1.0"], outside: ["1.2.4"]),
        RangeCase(range: ">=2.0.0-0", inside: ["2.0.0-rc.1", "2.0.0", "3.0.0-a"], outside: ["1.9.9"]),
        RangeCase(range: "1.0.0-rc.1", inside: ["1.0.0-rc.1"], outside: ["1.0.0", "1.0.0-rc.1.0", "1.0.0-rc.2"]),
    ]

    @Test(arguments: ranges) func `a range holds the versions that it names`(_ item: RangeCase) throws {
        let range = try #require(VersionRange(item.range))
        for text in item.inside { #expect(range.contains(try #require(Version(text))), "\(text)") }
        for text in item.outside { #expect(!range.contains(try #require(Version(text))), "\(text)") }
    }

    @Test(arguments: ["", "abc", "1.2.3.4", ">", "1.x.2", "01.2", "^", "1 || ", "!=1.x", ">*", "1.2.3-"])
    func `what is no range is refused`(_ text: String) {
        #expect(VersionRange(text) == nil)
    }

    @Test func `versions order as Semantic Versioning says`() throws {
        let texts = [
            "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0", "1.0.1", "1.10.0", "2.0.0",
        ]
        let versions = try texts.map { try #require(Version($0)) }
        #expect(versions.shuffled().sorted() == versions)
    }

    @Test func `the highest version of the tags is taken, whatever else is tagged`() throws {
        let range = try #require(VersionRange("^1.2"))
        let tags = ["v1.2.0", "nightly", "v1.10.1", "1.9.0", "v2.0.0", "v1.11", "v1.10.1-rc.1", "1.10.1+b:*"]
        #expect(range.highest(of: tags)?.tag == "v1.10.1")
        #expect(range.highest(of: ["nightly"]) == nil)
    }

    @Test(arguments: [
        ("https://git.example/models.git", "git.example", nil as Int?), ("http://127.0.0.1:8080/m", "127.0.0.1", 8080),
        ("ssh://git@git.example:2222/m.git", "git.example", 2222), ("git@git.example:team/m.git", "git.example", nil),
        ("git://git.example/m", "git.example", nil), ("ssh://[::1]:22/m", "::1", 22), ("/srv/with space/m", "", nil),
        ("file:///srv/a%20b", "", nil),
    ])
    func `an address is taken apart`(_ text: String, _ host: String, _ port: Int?) throws {
        let url = try RemoteURL(text)
        #expect(url.host == host && url.port == port && url.description == text)
        if text.hasPrefix("file") { #expect(url.localPath == "/srv/a b") }
        if text.contains("git@") { #expect(url.user == "git") }
    }

    @Test(arguments: [
        "", "models", "../models", "ext::sh -c id", "ftp://x/y", "https://", "https://x", "https:///x", "file://host/x",
        "https://ada:hunter2@git.example/m", "https://-oProxyCommand=id/x", "https://x:port/y", "https://x:0/y",
        "https://git.example/m\r\nX: y", "git@:m",
    ])
    func `an address that cannot be fetched from is refused, and its password is not repeated`(_ text: String) {
        let error = #expect(throws: SourceError.self) { try RemoteURL(text) }
        #expect(error?.message.contains("hunter2") == false)
    }

    @Test func `credentials must fit the address`() throws {
        let secret = Secret("hunter2")
        #expect("\(secret) \(String(reflecting: secret))" == "<secret> <secret>")
        var dumped = ""
        dump(GitCredentials.password(user: "ada", secret), to: &dumped)
        #expect(!dumped.contains("hunter2"))
        let cases: [(String, GitCredentials, Bool)] = [
            ("https://git.example/m", .password(user: "ada", secret), true),
            ("http://git.example/m", .password(user: "ada", secret), false),
            ("http://127.0.0.1/m", .password(user: "ada", secret), true),
            ("git://git.example/m", .password(user: "ada", secret), false),
            ("ssh://git.example/m", .sshAgent(), true), ("https://git.example/m", .sshAgent(), false),
            ("/srv/m", .none, true), ("/srv/m", .sshKey(path: "/k"), false),
        ]
        for (url, credentials, fits) in cases {
            let remote = try? GitRemote(url: RemoteURL(url), credentials: credentials)
            #expect((remote != nil) == fits, "\(url)")
        }
    }
}
