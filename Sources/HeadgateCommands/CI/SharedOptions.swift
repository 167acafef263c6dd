import ArgumentParser
import Foundation
import HeadgateCore
import HeadgateProviders

/// The store that a controller and CI share.
struct SharedOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The store that is shared with the controller: a folder, or s3://bucket/prefix. By default HEADGATE_STORE.",
            discussion: """
                S3 is reached as AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY say; without \
                credentials, unsigned.
                """))
    var store: String?
    @Option(
        help: "A file with the Ed25519 key that signs what is published; by default the variable HEADGATE_SIGNING_KEY.")
    var signingKey: String?
    @Option(help: "A file with public keys whose results and champions are believed; as often as needed.")
    var trustedKey: [String] = []
    @Option(
        help: """
            A file with public keys of controllers, whose champions are believed; as often as needed. By default the \
            trusted keys.
            """)
    var championKey: [String] = []

    /// What variables say of a store though none is given, in a sentence; nil where all have their effect.
    func note(_ environment: [String: String]) -> String? {
        guard (store ?? environment["HEADGATE_STORE"] ?? "").isEmpty else { return nil }
        let idle = ["HEADGATE_SIGNING_KEY", "HEADGATE_TRUSTED_KEYS", "HEADGATE_BUILDER"].filter {
            environment[$0]?.isEmpty == false
        }
        guard !idle.isEmpty else { return nil }
        let names = idle.joined(separator: ", ")
        return "\(names): no effect, since no shared store is given: set HEADGATE_STORE, or give --store"
    }

    /// What this process itself was given in confidence, which no step is told; by lines, as logs have them.
    func secrets(_ environment: [String: String]) -> [String] {
        let variables = ["HEADGATE_SIGNING_KEY", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"]
        let file = signingKey.flatMap { try? String(contentsOfFile: $0, encoding: .utf8) }
        let texts = variables.compactMap { environment[$0] } + [file].compactMap(\.self)
        // Short lines are no secret's, and a key's first and last say only what it is.
        return texts.flatMap { $0.split(whereSeparator: \.isNewline).map(String.init) }
            .filter { $0.count >= 16 && !$0.hasPrefix("-----") }
    }

    /// The store that the options or the environment name; nil for none.
    func open(_ environment: [String: String], _ system: CISystem) throws -> SharedStore? {
        guard let url = store ?? environment["HEADGATE_STORE"], !url.isEmpty else {
            guard signingKey == nil, trustedKey.isEmpty, championKey.isEmpty else {
                throw ValidationError(
                    "--signing-key, --trusted-key and --champion-key are for a shared store: give --store, too")
            }
            return nil
        }
        var trusted = trustedKey
        if trusted.isEmpty, let files = environment["HEADGATE_TRUSTED_KEYS"] {
            trusted = files.split(separator: ":").map(String.init)
        }
        let settings = SharedStoreSettings(
            url: url, keyFile: signingKey, trustedKeys: trusted, championKeys: championKey)
        do {
            return try settings.open(environment, builder: environment["HEADGATE_BUILDER"] ?? system.builder)
        } catch let error as ConfigurationError {
            throw ValidationError(error.description)
        }
    }
}
