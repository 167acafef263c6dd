import AsyncHTTPClient
import FoundationEssentials
import Glibc
import HeadgateCore
import NIOCore
import NIOHTTP1

extension PinFetcher {
    /// Writes the content of a large file to a path that does not exist yet.
    func materialize(
        _ file: LargeFile, of place: LargeFileStore, input: String, at destination: String
    ) async throws {
        let content = PinnedContent(file, input: input)
        guard file.size <= policy.sizeLimit else { throw content.tooLarge(policy.sizeLimit) }
        try await materialize(content, at: destination) { path in
            switch place {
            case .none(let reason): throw content.refusal(reason)
            case .folder(let folder):
                let hex = file.sha256.hex
                let object = "\(folder)/objects/\(hex.prefix(2))/\(hex.dropFirst(2).prefix(2))/\(hex)"
                guard LocalFiles.exists(object) else {
                    throw StepError(
                        .input, "\(content.name) is not in \(folder): run `git lfs fetch --all` in that repository",
                        mayRetry: true)
                }
                try await copy(object, of: content, to: path)
            case .server(let server): try await fetch(file, content, from: server, to: path)
            }
        }
    }

    /// One object by the batch API with the transfer `basic`, as the specification of Git LFS has them.
    private func fetch(
        _ file: LargeFile, _ content: PinnedContent, from server: LargeFileServer, to path: String
    ) async throws {
        let answer = try await ask(server, file, content)
        guard let object = answer.objects.first(where: { Digest($0.oid) == file.sha256 }) else {
            throw StepError(.input, "\(content.name) is not in the answer of \(server)", mayRetry: true)
        }
        if let error = object.error {
            let told = String(error.message.unicodeScalars.filter { $0.value >= 32 && $0.value != 127 }.prefix(1000))
            throw StepError(
                .input, "\(content.name) is not given by \(server): \(error.code) \(told)",
                mayRetry: error.code >= 500 || error.code == 404)
        }
        guard let download = object.actions?.download else {
            throw StepError(.input, "\(server) does not say where \(content.name) is", mayRetry: true)
        }
        var fields = download.header ?? [:]
        let isOwn = Self.origin(of: download.href) == Self.origin(of: server.url)
        if isOwn, let authorization = server.authorization,
            !fields.keys.contains(where: { $0.lowercased() == "authorization" })
        {
            fields["Authorization"] = authorization.text
        }
        try await self.download(
            content, download.href, fields: fields, besides: Self.host(of: server.url), to: path)
    }

    private func ask(
        _ server: LargeFileServer, _ file: LargeFile, _ content: PinnedContent
    ) async throws -> LFSBatchAnswer {
        var request = HTTPClientRequest(url: server.url + "/objects/batch")
        request.method = .POST
        request.headers = ["Accept": LFSBatchAnswer.mediaType, "Content-Type": LFSBatchAnswer.mediaType]
        if let authorization = server.authorization {
            request.headers.add(name: "Authorization", value: authorization.text)
        }
        let question = LFSBatchQuestion(objects: [.init(oid: file.sha256.hex, size: file.size)])
        request.body = .bytes(try JSONFile.bytes(question))
        let response = try await Self.client.execute(request, timeout: .seconds(30))
        let body = try await response.body.collect(upTo: 1 << 20)
        guard response.status == .ok else {
            let hint =
                switch response.status {
                case .unauthorized, .forbidden: ": the source's credentials are what it is asked with"
                case .notFound: ": it has no such repository, or not this content (git lfs push)"
                default: ""
                }
            // What was not pushed yet may be there later.
            let mayRetry = response.status.code >= 500 || [.tooManyRequests, .notFound].contains(response.status)
            throw StepError(
                .input, "\(content.name) cannot be asked for: \(server) answered \(response.status.code)\(hint)",
                mayRetry: mayRetry)
        }
        do {
            return try JSONFile.decode(LFSBatchAnswer.self, Array(body.readableBytesView))
        } catch {
            throw StepError(.input, "\(server) does not answer as the API of Git LFS does", mayRetry: true)
        }
    }
}

/// The body of a batch request.
private struct LFSBatchQuestion: Encodable {
    struct Object: Encodable {
        let oid: String
        let size: Int64
    }

    let operation = "download"
    let transfers = ["basic"]
    let objects: [Object]
}

/// The body of a batch response, as far as a download needs it.
private struct LFSBatchAnswer: Decodable {
    static let mediaType = "application/vnd.git-lfs+json"

    struct Object: Decodable {
        let oid: String
        let actions: Actions?
        let error: Problem?
    }

    struct Actions: Decodable {
        let download: Action?
    }

    struct Action: Decodable {
        let href: String
        let header: [String: String]?
    }

    struct Problem: Decodable {
        let code: Int
        let message: String
    }

    let objects: [Object]
}
