import ArgumentParser
import HeadgateAPI
import HeadgateCore

/// A version as people name one: its digest, or enough of its beginning to tell it from others.
struct VersionArgument: ExpressibleByArgument {
    let text: String

    init?(argument: String) {
        let digits = argument.hasPrefix("sha256:") ? argument.dropFirst(7) : argument[...]
        guard (4...64).contains(digits.count), digits.allSatisfy(\.isHexDigit) else { return nil }
        text = argument
    }

    static var defaultCompletionKind: CompletionKind {
        .custom { _, _, _ in await Completion.names(of: .versions) }
    }

    /// The whole digest; asks the controller for the versions that it knows.
    func resolve(_ controller: ControllerOptions) async throws -> VersionID {
        if let whole = VersionID(text) { return whole }
        let known = try await controller.client().get("/api/v1/versions", as: [VersionResource].self)
        let found = try known.filter { $0.isNamed(text) }.one("version", text)
        guard let version = VersionID(found.version) else {
            throw APIProblem(.failed, "\(found.version) is not a version's digest")
        }
        return version
    }
}

extension Optional<VersionArgument> {
    /// The whole digest of a version that was given.
    func resolve(_ controller: ControllerOptions) async throws -> VersionID? {
        try await self?.resolve(controller)
    }
}
