import HeadgateCore

/// A look at one running server before anything is loaded on it.
package struct InferenceServerProbe: Sendable {
    private let server: InferenceServer

    /// Nil for a URL that is none of a server.
    package init?(url: String) {
        guard let server = InferenceServer(.init(url: url)) else { return nil }
        self.server = server
    }

    /// What the server calls itself, such as `mlserver 1.7.1`.
    ///
    /// - Throws: ``Problem`` for one that does not answer, is not ready, or does not let models be loaded.
    package func look() async throws(Problem) -> String {
        do throws(InferenceServer.Refusal) {
            let name = try await server.nameAndVersion()
            guard try await server.isReady() else {
                throw InferenceServer.Refusal(status: 503, message: "is not ready")
            }
            do throws(InferenceServer.Refusal) {
                try await server.index()
            } catch {
                throw InferenceServer.Refusal(
                    status: error.status, message: "\(name) lacks the model repository extension: \(error)")
            }
            return name
        } catch {
            throw Problem(description: error.message)
        }
    }

    package struct Problem: Error, CustomStringConvertible {
        package let description: String
    }
}
