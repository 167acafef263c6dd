/// Looks at a source's remote since the controller started.
package struct LookStatistics: Hashable, Sendable {
    package var count = 0
    /// From the question to the remote until nothing more is to be done, a fetch and the reading of manifests included.
    package var total = Duration.zero
    /// Manifests that were decoded.
    package var decodedFiles = 0

    package init() {}
}
