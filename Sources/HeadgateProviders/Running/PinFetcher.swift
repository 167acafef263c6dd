import AsyncHTTPClient
import Glibc
import HeadgateCore
import NIOCore
import NIOHTTP1

/// Brings data outside Git into the object store, once per digest, and only from where the configuration allows.
struct PinFetcher: Sendable {
    let policy: PinPolicy
    let store: any ObjectStore
    /// Holds what is being fetched.
    let folder: String
    private let turns = Turns<Digest>()

    init(policy: PinPolicy, store: any ObjectStore, folder: String) {
        self.policy = policy
        self.store = store
        self.folder = folder
    }

    /// Writes the pinned content to a path that does not exist yet.
    func materialize(_ pin: Pin, at destination: String) async throws {
        try await materialize(PinnedContent(pin), at: destination) { path in
            switch try source(of: pin) {
            case .file(let source): try await copy(source, of: PinnedContent(pin), to: path)
            case .web(let url): try await download(PinnedContent(pin), url, to: path)
            case .bucket(let bucket, let name):
                guard try await bucket.download(name, to: path, limit: policy.sizeLimit) else {
                    throw PinnedContent(pin).missing
                }
            }
        }
    }

    /// Writes content that `bring` fetches to a path that does not exist yet, once it was seen to be what is wanted.
    func materialize(
        _ content: PinnedContent, at destination: String, bring: (_ path: String) async throws -> Void
    ) async throws {
        let tree = TreeDigest.file(content: content.sha256, executable: content.isExecutable)
        let problem = try await turns.take(content.sha256) { () async throws(CancellationError) -> StepError? in
            do {
                if try await store.contains(tree) { return nil }
                let path = folder + "/" + content.sha256.hex
                try await prepare(path)
                try await bring(path)
                try await check(content, path)
                _ = try await store.put(path: path)
                try LocalFiles.remove(path)
                return nil
            } catch let error as CancellationError {
                throw error
            } catch let error as StepError {
                return error
            } catch let error as SystemError {
                return StepError(.input, error)
            } catch let error as StorageError {
                return StepError(.storage, error)
            } catch {
                return StepError(.input, "\(content.name): \(error)", mayRetry: true)
            }
        }
        if let problem { throw problem }
        do throws(StorageError) {
            try await store.materialize(tree, at: destination)
        } catch {
            throw StepError(.input, error)
        }
    }

    private func prepare(_ path: String) async throws {
        let folder = folder
        try await Blocking.run { () throws(SystemError) in
            try LocalFiles.createFolders(folder)
            try LocalFiles.remove(path)
        }
    }

    private func check(_ content: PinnedContent, _ path: String) async throws {
        let digest = try await Blocking.run { () throws(SystemError) in try FileDigest.of(path) }
        guard digest == content.sha256 else {
            _ = unlink(path)
            throw StepError(
                .input, "\(content.name) has the digest \(digest), not the pinned \(content.sha256)", mayRetry: false)
        }
        if content.isExecutable { chmod(path, 0o755) }
    }

    func copy(_ source: String, of content: PinnedContent, to path: String) async throws {
        // What its pointer says is no proof of its size.
        guard let size = LocalFiles.status(source)?.st_size else { throw content.missing }
        guard size <= policy.sizeLimit else { throw content.tooLarge(policy.sizeLimit) }
        try await Blocking.run { () throws(SystemError) in try LocalFiles.copy(source, to: path, mode: 0o644) }
    }

    private enum Source {
        case file(String)
        case web(String)
        case bucket(S3Blobs, String)
    }

    private func source(of pin: Pin) throws(StepError) -> Source {
        let parts = pin.uri.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        switch parts.first?.lowercased() {
        case "file" where parts.count == 2: return .file(try allowedFile(pin, String(parts[1])))
        case "http", "https":
            try checkHost(PinnedContent(pin), pin.uri)
            return .web(pin.uri)
        case "s3":
            try checkHost(PinnedContent(pin), pin.uri)
            return try bucket(pin)
        default:
            throw refusal(pin, "only file, http, https and s3 addresses are fetched")
        }
    }

    /// A bucket and a name in it; where S3 is and who asks is the controller's to say.
    private func bucket(_ pin: Pin) throws(StepError) -> Source {
        let name = pin.uri.dropFirst(5).drop { $0 != "/" }.dropFirst()
        guard let bucket = Self.host(of: pin.uri), let address = S3Address("s3://\(bucket)"), !name.isEmpty,
            S3Address("s3://\(bucket)/\(name)") != nil
        else { throw refusal(pin, "it is not like s3://bucket/name") }
        do throws(StorageError) {
            return .bucket(S3Blobs(address, settings: try S3Settings(environment: policy.s3)), String(name))
        } catch {
            throw StepError(.input, error)
        }
    }

    private func allowedFile(_ pin: Pin, _ rest: String) throws(StepError) -> String {
        let path = rest.hasPrefix("//") ? String(rest.dropFirst(2)) : rest
        guard path.hasPrefix("/") else { throw refusal(pin, "a file's address needs an absolute path") }
        // Resolved first, so that a link inside an allowed folder does not lead out of it.
        guard let resolved = Self.resolved(path) else {
            throw PinnedContent(pin).missing
        }
        let isAllowed = policy.folders.compactMap(Self.resolved).contains { resolved.hasPrefix($0 + "/") }
        guard isAllowed else {
            throw refusal(pin, "its folder is not one that the controller's configuration allows")
        }
        return resolved
    }

    private static func resolved(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    private func checkHost(
        _ content: PinnedContent, _ url: String, besides own: String? = nil
    ) throws(StepError) {
        guard let host = Self.host(of: url) else { throw content.refusal("the address names no host") }
        // A bucket and a host may have the same name.
        let isBucket = url.lowercased().hasPrefix("s3:")
        guard host == own || policy.hosts.contains(isBucket ? "s3://\(host)" : host) else {
            throw content.refusal("\(host) is not a host that the controller's configuration allows")
        }
    }

    /// Host and, when it is written, port; nil for an address with a user's name, which could hide another host.
    static func host(of url: String) -> String? {
        guard let separator = url.firstRange(of: "://") else { return nil }
        let authority = url[separator.upperBound...].prefix { !"/?#\\".contains($0) }
        guard !authority.isEmpty, !authority.contains("@") else { return nil }
        return authority.lowercased()
    }

    private func refusal(_ pin: Pin, _ reason: String) -> StepError { PinnedContent(pin).refusal(reason) }

    /// Fetches by HTTP from allowed hosts, and from `own`, which needs not be one.
    ///
    /// Header fields are sent to the address's own host only, wherever it redirects to.
    func download(
        _ content: PinnedContent, _ url: String, fields: [String: String] = [:], besides own: String? = nil,
        to path: String
    ) async throws {
        var address = url
        let deadline = NIODeadline.now() + .milliseconds(policy.timeout.milliseconds)
        // Redirects are followed here, since each host on the way must be an allowed one.
        for _ in 0..<6 {
            // The client speaks to sockets of this machine, too.
            guard ["http", "https"].contains(address.prefix { $0 != ":" }.lowercased()) else {
                throw content.refusal("only http and https are followed")
            }
            try checkHost(content, address, besides: own)
            var request = HTTPClientRequest(url: address)
            if Self.origin(of: address) == Self.origin(of: url) {
                for (name, value) in fields { request.headers.replaceOrAdd(name: name, value: value) }
            }
            let response = try await Self.client.execute(request, deadline: deadline)
            if (300..<400).contains(response.status.code), let location = response.headers.first(name: "location") {
                address = location.hasPrefix("/") ? Self.origin(of: address) + location : location
                continue
            }
            guard response.status == .ok else {
                let mayRetry = response.status.code >= 500 || response.status == .tooManyRequests
                throw StepError(.input, "\(content.name) answered \(response.status.code)", mayRetry: mayRetry)
            }
            let file = try FileDescriptor(opening: path, O_WRONLY | O_CREAT | O_EXCL, mode: 0o644)
            var size: Int64 = 0
            for try await part in response.body {
                size += Int64(part.readableBytes)
                guard size <= policy.sizeLimit else { throw content.tooLarge(policy.sizeLimit) }
                guard .now() < deadline else {
                    throw StepError(.input, "\(content.name) took more than \(policy.timeout)", mayRetry: true)
                }
                try file.write(part.readableBytesView, name: path)
            }
            return
        }
        throw content.refusal("too many redirects")
    }

    static func origin(of url: String) -> String {
        guard let separator = url.firstRange(of: "://") else { return url }
        return (url[..<separator.upperBound] + url[separator.upperBound...].prefix { !"/?#\\".contains($0) })
            .lowercased()
    }

    static let client = HTTPClient(
        eventLoopGroupProvider: .singleton,
        // A server that falls silent in the midst of a body is given up by the second.
        configuration: HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: .init(connect: .seconds(10), read: .seconds(60))))
}

/// Content that a digest names, and what messages call it.
struct PinnedContent: Sendable {
    /// The input and where its content is, without what proves a right to it.
    let name: String
    let sha256: Digest
    var isExecutable = false

    init(_ pin: Pin) {
        name = "input \(pin.path): \(pin.uri)"
        sha256 = pin.sha256
    }

    init(_ file: LargeFile, input: String) {
        let path = file.path == .root ? input : "\(input)/\(file.path)"
        name = "input \(path): the content in Git LFS, \(file.sha256),"
        sha256 = file.sha256
        isExecutable = file.isExecutable
    }

    var missing: StepError { StepError(.input, "\(name) does not exist", mayRetry: true) }

    func refusal(_ reason: String) -> StepError {
        StepError(.input, "\(name) is not fetched: \(reason)", mayRetry: false)
    }

    func tooLarge(_ limit: Int64) -> StepError { refusal("it is larger than \(limit) bytes") }
}

/// Digests of files of any size.
enum FileDigest {
    /// Of a part of a file, which starts at a page, or of all of it.
    static func of(_ path: String, _ part: Range<Int64>? = nil) throws(SystemError) -> Digest {
        let file = try FileDescriptor(opening: path, O_RDONLY)
        let all = 0..<Int64(lseek(file.raw, 0, SEEK_END))
        let range = (part ?? all).clamped(to: all)
        guard !range.isEmpty else { return Digest.of([UInt8]()) }
        // Mapped, so that the file need not fit into memory.
        let bytes = mmap(nil, range.count, PROT_READ, MAP_PRIVATE, file.raw, off_t(range.lowerBound))
        guard let bytes, bytes != MAP_FAILED else { throw SystemError("cannot read", path) }
        defer { munmap(bytes, range.count) }
        return Digest.of(UnsafeRawBufferPointer(start: bytes, count: range.count))
    }
}
