import HeadgateCore
import Testing

@Suite struct TargetSpecTests {
    private static let addresses: [(url: String, address: String?)] = [
        ("http://10.0.0.5:8080", "10.0.0.5:8080"), ("http://models.example/", "models.example:80"),
        ("http://[::1]:8000", "[::1]:8000"), ("http://[::1]", "[::1]:80"), ("https://models.example", nil),
        ("http://", nil), ("http://:80", nil), ("http://host:0", nil), ("http://host:65536", nil),
        ("http://host:+80", nil), ("http://host:80:81", nil), ("http://host:", nil), ("http://host/v2", nil),
        ("http://user@host", nil), ("http://host?x", nil), ("http://[::1", nil), ("http://[::1]x", nil),
        ("http://[]:80", nil), ("http://::1", nil), ("http://host name", nil),
    ]

    @Test(arguments: addresses) func `a server is a host and a port, and nothing more`(
        _ url: String, _ address: String?
    ) {
        #expect(OpenInferenceTargetSpec.Endpoint(url: url).address == address)
    }

    @Test func `other servers, another folder or another layout make another serving system, another port does not`() {
        func spec(_ urls: [String], _ folder: String = "/m", _ port: Int = 0) -> TargetSpec {
            TargetSpec(
                provider: .openInference(
                    OpenInferenceTargetSpec(
                        endpoints: urls.map { OpenInferenceTargetSpec.Endpoint(url: $0) }, repository: folder,
                        layout: .mlserver, port: port)))
        }
        let one = spec(["http://a", "http://b"])
        #expect(one.identity == spec(["http://b", "http://a"], "/m", 8080).identity)
        #expect(one.identity != spec(["http://a"]).identity)
        #expect(one.identity != spec(["http://a", "http://b"], "/n").identity)
    }
}
