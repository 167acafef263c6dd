/// A serving system that takes desired state.
package struct TargetSpec: Hashable, Sendable, Codable {
    package var provider: Provider

    package enum Provider: Hashable, Sendable, Codable {
        /// Model servers as processes on the controller's machine, behind its router.
        case local(LocalTargetSpec)
        /// Running servers that speak the Open Inference Protocol with the model repository extension.
        case openInference(OpenInferenceTargetSpec)
        /// A serving system behind a program that the controller's configuration names.
        case exec(ExecTargetSpec)
    }

    package init(provider: Provider) { self.provider = provider }

    /// What makes it another target rather than the same one with other settings.
    package var identity: String {
        switch provider {
        case .local(let spec): "local:\(spec.port)"
        case .openInference(let spec): "openInference:" + spec.identity
        case .exec(let spec): "exec:" + spec.identity
        }
    }
}

/// A serving system behind a program, in any language, that speaks JSON over its standard input and output.
package struct ExecTargetSpec: Hashable, Sendable, Codable {
    /// Its name in the controller's configuration: a repository cannot say what is executed.
    package var program: String
    /// Given to the program as they are.
    package var settings: [String: String]

    package init(program: String, settings: [String: String] = [:]) {
        self.program = program
        self.settings = settings
    }

    /// What makes it another serving system: all that the program is told of it.
    package var identity: String {
        program + ":" + settings.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
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
    /// The servers' model repository, a folder that the controller can write; an absolute path.
    package var repository: String
    package var layout: Layout
    /// The router's port in front of the servers; 0 for any that is free, and the same one from then on.
    package var port: Int
    /// The address that the router listens on.
    package var address: String

    package struct Endpoint: Hashable, Sendable, Codable {
        /// `http://host` or `http://host:port`; the router speaks to it without TLS.
        package var url: String
        package init(url: String) { self.url = url }

        /// `host:port`, or `[host]:port` for an IPv6 address; nil for a URL that says more or something else.
        package var address: String? {
            let scheme = "http://"
            guard url.hasPrefix(scheme) else { return nil }
            var rest = url.dropFirst(scheme.count)
            if rest.last == "/" { rest = rest.dropLast() }
            guard !rest.isEmpty, rest.utf8.allSatisfy(Self.isPlain) else { return nil }
            let host: Substring
            let port: Substring?
            if rest.first == "[" {
                guard let end = rest.firstIndex(of: "]") else { return nil }
                host = rest[...end]
                let after = rest[rest.index(after: end)...]
                guard after.isEmpty || after.first == ":" else { return nil }
                port = after.isEmpty ? nil : after.dropFirst()
            } else {
                let parts = rest.split(separator: ":", omittingEmptySubsequences: false)
                guard parts.count <= 2, let first = parts.first, !first.contains("[") else { return nil }
                host = first
                port = parts.count == 2 ? parts[1] : nil
            }
            guard !host.isEmpty, host != "[]" else { return nil }
            guard let port else { return "\(host):80" }
            guard port.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(port),
                (1...65535).contains(number)
            else { return nil }
            return "\(host):\(number)"
        }

        private static func isPlain(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "]"):
                true
            default: false
            }
        }
    }

    package enum Layout: String, Hashable, Sendable, Codable, CaseIterable {
        case mlserver, triton
    }

    package init(
        endpoints: [Endpoint], repository: String, layout: Layout, port: Int = 0, address: String = "127.0.0.1"
    ) {
        self.endpoints = endpoints
        self.repository = repository
        self.layout = layout
        self.port = port
        self.address = address
    }

    /// What makes it another serving system: the servers and the folder that they read.
    package var identity: String {
        ([layout.rawValue, repository] + endpoints.map(\.url).sorted()).joined(separator: ",")
    }
}
