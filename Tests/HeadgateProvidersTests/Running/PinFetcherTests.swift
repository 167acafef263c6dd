import Glibc
import HeadgateCore
import Testing

@testable import HeadgateProviders

@Suite struct PinFetcherTests {
    let scratch: Scratch
    let store = MemoryStore()
    let fetcher: PinFetcher

    init() throws {
        scratch = try Scratch()
        Files.write("data", to: scratch.path + "/allowed/data")
        Files.write("data", to: scratch.path + "/other/data")
        symlink(scratch.path + "/other/data", scratch.path + "/allowed/link")
        fetcher = PinFetcher(
            policy: PinPolicy(hosts: ["data.example"], folders: [scratch.path + "/allowed"]),
            store: store, folder: scratch.path + "/pins")
    }

    private func pin(_ uri: String, _ content: String = "data") -> Pin {
        Pin(uri: uri, sha256: Digest.of(Array(content.utf8)), path: "in")
    }

    @Test func `a pinned file is fetched once and checked`() async throws {
        let pin = pin("file://\(scratch.path)/allowed/data")
        try await fetcher.materialize(pin, at: scratch.path + "/first")
        Files.remove(scratch.path + "/allowed/data")
        try await fetcher.materialize(pin, at: scratch.path + "/second")
        #expect(["/first", "/second"].map { Files.read(scratch.path + $0) } == ["data", "data"])
        #expect(Files.names(scratch.path + "/pins").isEmpty)
    }

    @Test func `content that is not the pinned one is refused and not kept`() async throws {
        let error = await #expect(throws: StepError.self) {
            try await fetcher.materialize(
                pin("file://\(scratch.path)/allowed/data", "other"), at: scratch.path + "/x")
        }
        #expect(error?.mayRetry == false)
        #expect(error?.message.contains("not the pinned sha256:") == true)
        #expect(Files.names(scratch.path + "/pins").isEmpty)
    }

    @Test(arguments: [
        ("file://SCRATCH/other/data", "its folder is not one that the controller's configuration allows"),
        ("file://SCRATCH/allowed/../other/data", "its folder is not one that the controller's configuration allows"),
        ("file://SCRATCH/allowed/link", "its folder is not one that the controller's configuration allows"),
        ("file:data", "a file's address needs an absolute path"),
        ("http://elsewhere.example/data", "elsewhere.example is not a host"),
        ("http://data.example@elsewhere.example/data", "the address names no host"),
        ("http://data.example:81/data", "data.example:81 is not a host"),
        ("ftp://data.example/data", "only file, http and https addresses are fetched"),
    ])
    func `an address that is not allowed is refused`(uri: String, reason: String) async throws {
        let uri = uri.split(separator: "SCRATCH", omittingEmptySubsequences: false).joined(separator: scratch.path)
        let error = await #expect(throws: StepError.self) {
            try await fetcher.materialize(pin(uri), at: scratch.path + "/x")
        }
        #expect(error?.mayRetry == false)
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
    }
}
