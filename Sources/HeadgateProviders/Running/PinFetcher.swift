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
        let tree = TreeDigest.file(content: pin.sha256)
        let problem = try await turns.take(pin.sha256) { () async throws(CancellationError) -> StepError? in
            do {
                if try await store.contains(tree) { return nil }
                let path = folder + "/" + pin.sha256.hex
                try await bring(pin, to: path)
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
                return StepError(.input, "input \(pin.path): \(pin.uri): \(error)", mayRetry: true)
            }
        }
        if let problem { throw problem }
        do throws(StorageError) {
            try await store.materialize(tree, at: destination)
        } catch {
            throw StepError(.input, error)
        }
    }

    private func bring(_ pin: Pin, to path: String) async throws {
        let source = try source(of: pin)
        let folder = folder
        try await Blocking.run { () throws(SystemError) in
            try LocalFiles.createFolders(folder)
            try LocalFiles.remove(path)
        }
        switch source {
        case .file(let source):
            try await Blocking.run { () throws(SystemError) in
                try LocalFiles.copy(source, to: path, mode: 0o644)
            }
        case .web(let url): try await download(pin, url, to: path)
        case .bucket(let bucket, let name):
            guard try await bucket.download(name, to: path, limit: policy.sizeLimit) else {
                throw StepError(.input, "input \(pin.path): \(pin.uri) does not exist", mayRetry: true)
            }
        }
        let digest = try await Blocking.run { () throws(SystemError) in try FileDigest.of(path) }
        guard digest == pin.sha256 else {
            _ = unlink(path)
            throw StepError(
                .input, "input \(pin.path): \(pin.uri) has the digest \(digest), not the pinned \(pin.sha256)",
                mayRetry: false)
        }
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
            try checkHost(pin, pin.uri)
            return .web(pin.uri)
        case "s3":
            try checkHost(pin, pin.uri)
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
            throw StepError(.input, "input \(pin.path): \(pin.uri) does not exist", mayRetry: true)
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

    private func checkHost(_ pin: Pin, _ url: String) throws(StepError) {
        guard let host = Self.host(of: url) else { throw refusal(pin, "the address names no host") }
        // A bucket and a host may have the same name.
        let isBucket = url.lowercased().hasPrefix("s3:")
        guard policy.hosts.contains(isBucket ? "s3://\(host)" : host) else {
            throw refusal(pin, "\(host) is not a host that the controller's configuration allows")
        }
    }

    /// Host and, when it is written, port; nil for an address with a user's name, which could hide another host.
    static func host(of url: String) -> String? {
        guard let separator = url.firstRange(of: "://") else { return nil }
        let authority = url[separator.upperBound...].prefix { !"/?#\\".contains($0) }
        guard !authority.isEmpty, !authority.contains("@") else { return nil }
        return authority.lowercased()
    }

    private func refusal(_ pin: Pin, _ reason: String) -> StepError {
        StepError(.input, "input \(pin.path): \(pin.uri) is not fetched: \(reason)", mayRetry: false)
    }

    private func download(_ pin: Pin, _ url: String, to path: String) async throws {
        var address = url
        let deadline = NIODeadline.now() + .milliseconds(policy.timeout.milliseconds)
        // Redirects are followed here, since each host on the way must be an allowed one.
        for _ in 0..<6 {
            let response = try await Self.client.execute(HTTPClientRequest(url: address), deadline: deadline)
            if (300..<400).contains(response.status.code), let location = response.headers.first(name: "location") {
                address = location.hasPrefix("/") ? Self.origin(of: address) + location : location
                try checkHost(pin, address)
                continue
            }
            guard response.status == .ok else {
                let mayRetry = response.status.code >= 500 || response.status == .tooManyRequests
                throw StepError(
                    .input, "input \(pin.path): \(pin.uri) answered \(response.status.code)", mayRetry: mayRetry)
            }
            let file = try FileDescriptor(opening: path, O_WRONLY | O_CREAT | O_EXCL, mode: 0o644)
            var size: Int64 = 0
            for try await part in response.body {
                size += Int64(part.readableBytes)
                guard size <= policy.sizeLimit else {
                    throw refusal(pin, "it is larger than \(policy.sizeLimit) bytes")
                }
                try file.write(part.readableBytesView, name: path)
            }
            return
        }
        throw refusal(pin, "too many redirects")
    }

    private static func origin(of url: String) -> String {
        guard let separator = url.firstRange(of: "://") else { return url }
        return String(url[..<separator.upperBound] + url[separator.upperBound...].prefix { $0 != "/" })
    }

    private static let client = HTTPClient(
        eventLoopGroupProvider: .singleton,
        configuration: HTTPClient.Configuration(redirectConfiguration: .disallow))
}

/// Digests of files of any size.
enum FileDigest {
    static func of(_ path: String) throws(SystemError) -> Digest {
        let file = try FileDescriptor(opening: path, O_RDONLY)
        let size = Int(lseek(file.raw, 0, SEEK_END))
        guard size > 0 else { return Digest.of([UInt8]()) }
        // Mapped, so that the file need not fit into memory.
        guard let start = mmap(nil, size, PROT_READ, MAP_PRIVATE, file.raw, 0), start != MAP_FAILED else {
            throw SystemError("cannot read", path)
        }
        defer { munmap(start, size) }
        return Digest.of(UnsafeRawBufferPointer(start: start, count: size))
    }
}
