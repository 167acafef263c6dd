import AsyncHTTPClient
import Glibc
package import HeadgateCore
import NIOCore
import NIOHTTP1

/// Shared bytes in a bucket of S3, or of anything that speaks as it does.
package struct S3Blobs: SharedBlobs {
    private let address: S3Address
    let settings: S3Settings
    /// The most bytes that are sent in one request; a larger file is sent in parts of this length.
    let partSize: Int64
    /// What S3 takes as one object.
    package var limit: Int64 { 5 << 40 }

    private static let attempts = 4
    /// How long one request may take: small ones, and those that carry outputs of steps.
    static let smallDeadline = Duration.seconds(30)
    static let largeDeadline = Duration.seconds(3600)
    private static let client: HTTPClient = {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: HTTPClient.Configuration.Timeout(connect: .seconds(10)))
        // Attempts are counted here; the pool's own would each last until the time to connect is over.
        configuration.connectionPool.retryConnectionEstablishment = false
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    package init(_ address: S3Address, settings: S3Settings, partSize: Int64 = 64 << 20) {
        self.address = address
        self.settings = settings
        self.partSize = partSize
    }

    package var name: String {
        "s3://\(address.bucket)" + (address.prefix.isEmpty ? "" : "/\(address.prefix)")
    }

    package func read(_ blob: String, limit: Int) async throws(StorageError) -> [UInt8]? {
        try await repeating(blob) { () async throws in
            let response = try await send(.GET, blob, deadline: Self.smallDeadline)
            guard try await isThere(response, blob) else { return .done(nil) }
            var bytes: [UInt8] = []
            for try await part in response.body {
                guard bytes.count + part.readableBytes <= limit else {
                    throw StorageError(.tooLarge, "\(place(blob)) is larger than \(limit) bytes")
                }
                bytes += part.readableBytesView
            }
            return .done(bytes)
        }
    }

    package func download(_ blob: String, to path: String, limit: Int64) async throws(StorageError) -> Bool {
        try await repeating(blob) { () async throws in
            let response = try await send(.GET, blob, deadline: Self.largeDeadline)
            guard try await isThere(response, blob) else { return .done(false) }
            unlink(path)
            let file = try FileDescriptor(opening: path, O_WRONLY | O_CREAT | O_EXCL)
            var size: Int64 = 0
            for try await part in response.body {
                size += Int64(part.readableBytes)
                guard size <= limit else {
                    throw StorageError(.tooLarge, "\(place(blob)) is larger than \(limit) bytes")
                }
                try file.write(part.readableBytesView, name: path)
            }
            return .done(true)
        }
    }

    package func contains(_ blob: String) async throws(StorageError) -> Bool {
        try await repeating(blob) { () async throws in
            let response = try await send(.HEAD, blob, deadline: Self.smallDeadline)
            return .done(try await isThere(response, blob))
        }
    }

    package func create(_ blob: String, _ bytes: [UInt8]) async throws(StorageError) -> Bool {
        try await create(blob, payload: Digest.of(bytes), deadline: Self.smallDeadline) {
            .bytes(ByteBuffer(bytes: bytes))
        }
    }

    package func create(_ blob: String, file: String) async throws(StorageError) -> Bool {
        let size = LocalFiles.status(file).map { Int64($0.st_size) } ?? 0
        guard size <= partSize else { return try await createInParts(blob, file: file, size: size) }
        let payload: Digest
        do throws(SystemError) {
            payload = try await Blocking.run { () throws(SystemError) in try FileDigest.of(file) }
        } catch {
            throw StorageError(error)
        }
        return try await create(blob, payload: payload, deadline: Self.largeDeadline) {
            .stream(FileChunks(path: file, range: 0..<size), length: .known(size))
        }
    }

    package func replace(_ blob: String, _ bytes: [UInt8]) async throws(StorageError) {
        try await repeating(blob) { () async throws in
            let response = try await send(
                .PUT, blob, payload: Digest.of(bytes), body: .bytes(ByteBuffer(bytes: bytes)),
                deadline: Self.smallDeadline)
            try await check(response, blob)
            return .done(())
        }
    }

    // MARK: Requests

    enum Attempt<Value> {
        case done(Value)
        case again(StorageError)
    }

    private func create(
        _ blob: String, payload: Digest, deadline: Duration, _ body: () -> HTTPClientRequest.Body
    ) async throws(StorageError) -> Bool {
        try await repeating(blob) { () async throws in
            let response = try await send(
                .PUT, blob, payload: payload, body: body(), headers: ["if-none-match": "*"], deadline: deadline)
            switch response.status {
            case .preconditionFailed: return .done(false)
            // Another write is under way; whether it ends well is to be seen.
            case .conflict: return .again(StorageError(.io, "\(place(blob)) is being written by others"))
            default:
                try await check(response, blob)
                return .done(true)
            }
        }
    }

    /// Tries a few times, longer apart each time.
    func repeating<Value>(
        _ blob: String, _ body: () async throws -> Attempt<Value>
    ) async throws(StorageError) -> Value {
        var last = StorageError(.io, "\(place(blob)) cannot be reached")
        for attempt in 0..<Self.attempts {
            if attempt > 0 {
                do {
                    try await Task.sleep(for: .milliseconds(200 << (2 * attempt - 2)))
                } catch {
                    throw last
                }
            }
            do {
                switch try await body() {
                case .done(let value): return value
                case .again(let error): last = error
                }
            } catch let error as StorageError {
                guard error.code == .io else { throw error }
                last = error
            } catch let error as SystemError {
                throw StorageError(error)
            } catch {
                // Nothing of a request is in the text but where it went.
                last = StorageError(.io, "\(place(blob)) at \(settings.endpoint) cannot be reached: \(error)")
                if Task.isCancelled { throw last }
            }
        }
        throw last
    }

    func send(
        _ method: HTTPMethod, _ blob: String, query: [(name: String, value: String)] = [],
        payload: Digest = Digest.of([]), body: HTTPClientRequest.Body? = nil, headers: [String: String] = [:],
        deadline: Duration
    ) async throws -> HTTPClientResponse {
        let key = address.prefix.isEmpty ? blob : "\(address.prefix)/\(blob)"
        let path = S3Signature.encoded("/\(address.bucket)/\(key)")
        let query = S3Signature.encoded(query)
        var request = HTTPClientRequest(url: settings.endpoint + path + (query.isEmpty ? "" : "?\(query)"))
        request.method = method
        request.body = body
        let signature = S3Signature(settings: settings, time: SystemTime.now)
        for (name, value) in signature.headers(method.rawValue, path, query, payload: payload, headers) {
            request.headers.replaceOrAdd(name: name, value: value)
        }
        return try await Self.client.execute(request, deadline: .now() + .milliseconds(deadline.milliseconds))
    }

    private func isThere(_ response: HTTPClientResponse, _ blob: String) async throws -> Bool {
        if response.status == .notFound {
            // A bucket that does not exist is an error, not an absence; HEAD has no text to tell.
            let text = try? await response.body.collect(upTo: 65_536)
            if text.map({ String(buffer: $0).contains("NoSuchBucket") }) == true {
                throw StorageError(.permission, "the bucket \(address.bucket) does not exist at \(settings.endpoint)")
            }
            return false
        }
        try await check(response, blob)
        return true
    }

    func check(_ response: HTTPClientResponse, _ blob: String) async throws {
        guard !(200..<300).contains(response.status.code) else { return }
        let text = (try? await response.body.collect(upTo: 65_536)).map { String(buffer: $0) } ?? ""
        let code = Self.element("Code", of: text).map { " (\($0))" } ?? ""
        let message = "\(place(blob)) at \(settings.endpoint) answered \(response.status.code)\(code)"
        switch response.status.code {
        case 401, 403:
            let hint = settings.credentials == nil ? "; AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set" : ""
            throw StorageError(.permission, message + hint)
        case 404: throw StorageError(.permission, message)
        case 429, 500...599: throw StorageError(.io, message)
        default: throw StorageError(.unsupportedFile, message)
        }
    }

    /// The text of an element of S3's answers; nil where it is no plain word.
    static func element(_ name: String, of text: String) -> String? {
        guard let start = text.firstRange(of: "<\(name)>") else { return nil }
        let word = text[start.upperBound...].prefix { $0 != "<" }
        guard (1...1024).contains(word.utf8.count),
            word.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "-._~+/=".contains($0)) })
        else { return nil }
        return String(word)
    }

    func place(_ blob: String) -> String { "\(name)/\(blob)" }
}

/// A part of a file in pieces, read as they are sent.
struct FileChunks: AsyncSequence, Sendable {
    let path: String
    let range: Range<Int64>

    func makeAsyncIterator() -> Iterator { Iterator(path: path, rest: range) }

    struct Iterator: AsyncIteratorProtocol {
        let path: String
        var rest: Range<Int64>

        mutating func next() async throws -> ByteBuffer? {
            let (path, rest) = (path, rest)
            guard !rest.isEmpty else { return nil }
            let chunk = try await Blocking.run { () throws(SystemError) -> [UInt8] in
                let file = try FileDescriptor(opening: path, O_RDONLY)
                guard lseek(file.raw, off_t(rest.lowerBound), SEEK_SET) >= 0 else {
                    throw SystemError("cannot read", path)
                }
                return try file.read(upTo: Int(Swift.min(1 << 20, rest.upperBound - rest.lowerBound)), name: path)
            }
            self.rest = rest.lowerBound + Int64(chunk.count)..<rest.upperBound
            return chunk.isEmpty ? nil : ByteBuffer(bytes: chunk)
        }
    }
}
