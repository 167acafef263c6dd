import Foundation
import HeadgateCore
import HeadgateProviders

/// Where a controller and CI share results, and whom they trust.
struct SharedStoreSettings: Codable, Sendable {
    /// A folder's path, or `s3://bucket/prefix`.
    var url: String
    /// A file with the Ed25519 key that signs what is published; nothing is published without one.
    var keyFile: String?
    /// Files with the public keys whose attestations are taken.
    var trustedKeys: [String]?
    /// Files with the public keys whose champions are believed; by default those.
    var championKeys: [String]?
    /// A URI that names this machine in what it signs.
    var builder: String?

    /// Opens the store.
    ///
    /// - Parameters:
    ///   - environment: Holds the credentials of S3, and perhaps the key: `HEADGATE_SIGNING_KEY`.
    ///   - builder: The name in what is signed, where the settings give none.
    /// - Returns: The store; nothing is asked of it yet.
    /// - Throws: ``ConfigurationError``.
    func open(_ environment: [String: String], builder: String) throws -> SharedStore {
        do {
            return SharedStore(
                try blobs(environment), trusted: try (trustedKeys ?? []).flatMap(Self.keys),
                controllers: try (championKeys ?? []).flatMap(Self.keys), signer: try signer(environment),
                builder: self.builder ?? builder)
        } catch let error as KeyError {
            throw ConfigurationError("the shared store: \(error)")
        } catch let error as StorageError {
            throw ConfigurationError("the shared store: \(error)")
        }
    }

    private func blobs(_ environment: [String: String]) throws -> any SharedBlobs {
        if url.hasPrefix("s3://") {
            guard let address = S3Address(url) else {
                throw ConfigurationError("\(url) is not an address such as s3://bucket/prefix")
            }
            return S3Blobs(address, settings: try S3Settings(environment: environment))
        }
        let path = url.hasPrefix("file://") ? String(url.dropFirst(7)) : url
        guard !path.isEmpty, !path.contains("://") else {
            throw ConfigurationError("the shared store must be a folder or s3://bucket/prefix")
        }
        return FolderBlobs(root: URL(fileURLWithPath: path).standardizedFileURL.path)
    }

    private func signer(_ environment: [String: String]) throws -> SigningKey? {
        if let keyFile {
            guard let text = try? String(contentsOfFile: keyFile, encoding: .utf8) else {
                throw ConfigurationError("the signing key's file \(keyFile) cannot be read")
            }
            return try SigningKey(pem: text)
        }
        guard let text = environment["HEADGATE_SIGNING_KEY"], !text.isEmpty else { return nil }
        return try SigningKey(pem: text)
    }

    private static func keys(_ file: String) throws -> [VerifyingKey] {
        guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
            throw ConfigurationError("the file of trusted keys \(file) cannot be read")
        }
        do {
            return try VerifyingKey.read(pem: text)
        } catch {
            throw ConfigurationError("\(file): \(error)")
        }
    }
}
