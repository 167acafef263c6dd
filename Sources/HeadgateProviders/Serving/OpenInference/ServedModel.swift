import HeadgateCore

/// A version as the servers know it: a model of its own, so that loading or unloading it touches no other version.
///
/// Versions of one model would share their fate. MLServer's load reads every version of the name anew, and its unload
/// drops them all; Triton's versions share one configuration, and a load may stall requests to those that serve.
struct ServedModel: Hashable, Sendable {
    let name: String
    /// As a path names it.
    let version: String

    /// - Parameters:
    ///   - deployment: Unique on the servers; names have no dot, so that two never give the same model.
    ///   - version: What it serves.
    ///   - layout: Triton's versions are numbers.
    init(deployment: String, version: VersionID, layout: OpenInferenceTargetSpec.Layout) {
        name = "\(deployment).\(version.short)"
        self.version =
            switch layout {
            case .mlserver: version.short
            case .triton: "1"
            }
    }

    /// Of everything that the protocol says about this version.
    var path: String { "/v2/models/\(name)/versions/\(version)" }
}
