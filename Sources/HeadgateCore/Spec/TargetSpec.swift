/// A serving system that takes desired state.
package struct TargetSpec: Hashable, Sendable, Codable {
    package var provider: Provider

    package enum Provider: Hashable, Sendable, Codable {
        /// Model servers as processes on the controller's machine, behind its router.
        case local(LocalTargetSpec)
        /// Running servers that speak the Open Inference Protocol with the model repository extension.
        case openInference(OpenInferenceTargetSpec)
    }

    package init(provider: Provider) { self.provider = provider }

    /// What makes it another target rather than the same one with other settings.
    package var identity: String {
        switch provider {
        case .local(let spec): "local:\(spec.port)"
        case .openInference(let spec): "openInference:" + spec.endpoints.map(\.url).sorted().joined(separator: ",")
        }
    }
}

/// Model servers on the controller's machine, behind a router.
package struct LocalTargetSpec: Hashable, Sendable, Codable {
    /// The router's port on `address`; 0 lets the controller's configuration choose.
    package var port: Int
    package var address: String
    /// Room for server processes, all deployments together; nil for no limit.
    package var capacity: Int?

    package init(port: Int = 0, address: String = "127.0.0.1", capacity: Int? = nil) {
        self.port = port
        self.address = address
        self.capacity = capacity
    }
}

/// Running servers that speak the Open Inference Protocol with its model repository extension.
package struct OpenInferenceTargetSpec: Hashable, Sendable, Codable {
    package var endpoints: [Endpoint]
    /// The servers' model repository, a folder that the controller can write.
    package var repository: String
    package var layout: Layout
    /// The router's port in front of the servers; 0 lets the controller's configuration choose.
    package var port: Int
    /// A recorded request, relative to the manifest's folder, that warms a version up.
    package var warmup: String?

    package struct Endpoint: Hashable, Sendable, Codable {
        package var url: String
        package init(url: String) { self.url = url }
    }

    package enum Layout: String, Hashable, Sendable, Codable, CaseIterable {
        case mlserver, triton
    }

    package init(
        endpoints: [Endpoint], repository: String, layout: Layout, port: Int = 0, warmup: String? = nil
    ) {
        self.endpoints = endpoints
        self.repository = repository
        self.layout = layout
        self.port = port
        self.warmup = warmup
    }
}
