import Foundation
import HeadgateCore
import HeadgateTestSupport
import Testing

@testable import HeadgateProviders

/// A bucket of a real S3 server.
@Suite struct S3BlobsTests {
    @Test(.timeLimit(.minutes(5)), .enabled(if: S3Server.isInstalled, "HEADGATE_VALIDATORS is not set"))
    func `a file is stored in parts and is one again, and what was there stays`() async throws {
        let server = try await S3Server()
        defer { server.stop() }
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("parts-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        func path(_ name: String) -> String { folder.appendingPathComponent(name).path }
        let bytes = Data((0..<(12 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 13) })
        try bytes.write(to: URL(fileURLWithPath: path("whole")))
        // Three parts, of which the last is shorter.
        let blobs = S3Blobs(
            try #require(S3Address("s3://shared/large files")),
            settings: try S3Settings(environment: server.environment),
            partSize: 5 << 20)
        #expect(try await blobs.create("a/b", file: path("whole")))
        #expect(try await blobs.download("a/b", to: path("again"), limit: 13 << 20))
        #expect(try Data(contentsOf: URL(fileURLWithPath: path("again"))) == bytes)
        #expect(try await !blobs.create("a/b", file: path("whole")))
        // A file that ends before it is sent leaves nothing behind.
        await #expect(throws: StorageError.self) {
            _ = try await blobs.createInParts("c", file: path("whole"), size: 20 << 20)
        }
        #expect(try await !blobs.contains("c"))
        let uploads = try await server.request("/shared?uploads=").output
        #expect(uploads.contains("ListMultipartUploadsResult") && !uploads.contains("<UploadId>"), "\(uploads)")
    }
}
