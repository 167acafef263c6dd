import AsyncHTTPClient
import Glibc
import HeadgateCore
import NIOCore
import NIOHTTP1

/// Files that are sent in parts, since S3 takes 5 GiB in one request.
///
/// https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
extension S3Blobs {
    /// As many parts as a file may have.
    private static let maxParts: Int64 = 10_000

    /// Stores a file's bytes in parts, of which nothing is seen until all are there; false when something stands there.
    func createInParts(_ blob: String, file: String, size: Int64) async throws(StorageError) -> Bool {
        if try await contains(blob) { return false }
        let upload = try await begin(blob)
        do throws(StorageError) {
            var tags: [String] = []
            let length = partLength(size)
            for start in stride(from: 0, to: size, by: Int64.Stride(length)) {
                let range = start..<min(size, start + length)
                tags.append(try await put(blob, upload, part: tags.count + 1, of: file, range))
            }
            return try await complete(blob, upload, tags)
        } catch {
            // What was sent is kept, and paid for, until somebody takes it back; whoever is told to stop does, too.
            await Task {
                _ = try? await send(.DELETE, blob, query: [("uploadId", upload)], deadline: Self.smallDeadline)
            }.value
            throw error
        }
    }

    /// The bytes of each part but the last: a multiple of the usual length, so that the parts are not too many.
    private func partLength(_ size: Int64) -> Int64 {
        let lengths = (size + partSize * Self.maxParts - 1) / (partSize * Self.maxParts)
        return partSize * max(1, lengths)
    }

    private func begin(_ blob: String) async throws(StorageError) -> String {
        try await repeating(blob) { () async throws in
            let response = try await send(.POST, blob, query: [("uploads", "")], deadline: Self.smallDeadline)
            try await check(response, blob)
            let text = String(buffer: try await response.body.collect(upTo: 65_536))
            guard let upload = Self.element("UploadId", of: text) else {
                throw StorageError(.unsupportedFile, "\(place(blob)): \(settings.endpoint) began no upload in parts")
            }
            return .done(upload)
        }
    }

    /// Sends a part, and gives what the server calls it.
    private func put(
        _ blob: String, _ upload: String, part: Int, of file: String, _ range: Range<Int64>
    ) async throws(StorageError) -> String {
        let payload: Digest
        do throws(SystemError) {
            payload = try await Blocking.run { () throws(SystemError) in try FileDigest.of(file, range) }
        } catch {
            throw StorageError(error)
        }
        return try await repeating(blob) { () async throws in
            let response = try await send(
                .PUT, blob, query: [("partNumber", "\(part)"), ("uploadId", upload)], payload: payload,
                body: .stream(FileChunks(path: file, range: range), length: .known(Int64(range.count))),
                deadline: Self.largeDeadline)
            try await check(response, blob)
            let tag = response.headers.first(name: "etag")?.filter { $0 != "\"" } ?? ""
            guard !tag.isEmpty, tag.count <= 128,
                tag.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") })
            else {
                throw StorageError(.unsupportedFile, "\(place(blob)): \(settings.endpoint) took a part without a name")
            }
            return .done(tag)
        }
    }

    private func complete(_ blob: String, _ upload: String, _ tags: [String]) async throws(StorageError) -> Bool {
        let parts = tags.enumerated().map {
            "<Part><PartNumber>\($0.offset + 1)</PartNumber><ETag>\"\($0.element)\"</ETag></Part>"
        }.joined()
        let text = "<CompleteMultipartUpload>\(parts)</CompleteMultipartUpload>"
        return try await repeating(blob) { () async throws in
            let response = try await send(
                .POST, blob, query: [("uploadId", upload)], payload: Digest.of(Array(text.utf8)),
                body: .bytes(ByteBuffer(string: text)), headers: ["if-none-match": "*"], deadline: Self.largeDeadline)
            switch response.status {
            case .preconditionFailed: return .done(false)
            case .conflict: return .again(StorageError(.io, "\(place(blob)) is being written by others"))
            // It was completed, and the answer got lost.
            case .notFound where try await contains(blob): return .done(true)
            default: break
            }
            try await check(response, blob)
            // The status is sent before the work is done, so that an error stands in the text.
            let answer = String(buffer: try await response.body.collect(upTo: 65_536))
            guard !answer.contains("<Error>") else {
                let code = Self.element("Code", of: answer) ?? "an error"
                return .again(StorageError(.io, "\(place(blob)) at \(settings.endpoint) answered \(code)"))
            }
            return .done(true)
        }
    }
}
