import ArgumentParser
import Foundation

/// Where policies are that no change of the repository can touch.
struct ProtectedOptions: ParsableArguments {
    @Option(
        help: """
            A folder of policies from outside of the repository, which no change of it can touch. By default \
            HEADGATE_PROTECTED_POLICIES.
            """)
    var protectedPolicies: String?
    @Option(help: "A controller's configuration, which says where protected policies are.")
    var config: String?

    /// That a place was named and nothing is protected, in a sentence.
    var note: String? {
        guard (try? folder()) == .some(nil) else { return nil }
        if let config { return "\(config) names no protectedPolicies: nothing is protected" }
        let isEmpty = ProcessInfo.processInfo.environment["HEADGATE_PROTECTED_POLICIES"]?.isEmpty ?? false
        return isEmpty ? "HEADGATE_PROTECTED_POLICIES is empty: nothing is protected" : nil
    }

    /// The folder that is named; nil for none.
    ///
    /// - Throws: `ValidationError` for a configuration that cannot be read.
    func folder() throws -> String? {
        let named = protectedPolicies ?? ProcessInfo.processInfo.environment["HEADGATE_PROTECTED_POLICIES"]
        if let named, !named.isEmpty { return named }
        guard let config else { return nil }
        do {
            return try ControllerConfiguration.protectedPolicies(in: config)
        } catch let error as ConfigurationError {
            throw ValidationError(error.description)
        }
    }
}
