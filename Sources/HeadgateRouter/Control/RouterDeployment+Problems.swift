import HeadgateCore

extension RouterDeployment {
    /// Everything that keeps this table from being put in force, beside the prefixes of the other Deployments by name.
    func problems(beside others: [String: String]) -> [String] {
        prefixProblems(others) + backendProblems + weightProblems + referenceProblems
    }

    private func prefixProblems(_ others: [String: String]) -> [String] {
        var problems: [String] = []
        let segments = prefix.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        let isPlain = prefix.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f } && !prefix.contains(where: "?#%@\\".contains)
        if !prefix.hasPrefix("/") || !isPlain || segments.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." }) {
            problems.append("prefix '\(prefix)' must be like /name, without an end slash, dot segments or ?#%@\\")
        }
        for (name, other) in others.sorted(by: { $0.key < $1.key }) where other == prefix {
            problems.append("prefix '\(prefix)' belongs to deployment '\(name)'")
        }
        return problems
    }

    private var backendProblems: [String] {
        var problems: [String] = []
        for (version, backend) in backends.sorted(by: { $0.key < $1.key }) {
            if backend.endpoints.isEmpty { problems.append("backend '\(version)' has no endpoint") }
            for endpoint in backend.endpoints where Endpoint(endpoint) == nil {
                problems.append("endpoint '\(endpoint)' of '\(version)' is neither host:port nor unix:/path")
            }
            let path = backend.pathPrefix
            let isPlain = path.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f } && !path.contains(where: "?#".contains)
            if !isPlain || !path.isEmpty && (!path.hasPrefix("/") || path.hasSuffix("/")) {
                problems.append("pathPrefix '\(path)' of '\(version)' must be empty or like /name")
            }
            if version.isEmpty || !version.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != 0x22 }) {
                problems.append("'\(version)' is not a version id")
            }
        }
        return problems
    }

    private var weightProblems: [String] {
        guard !weights.isEmpty else { return [] }
        var problems: [String] = []
        for (version, weight) in weights.sorted(by: { $0.key < $1.key }) {
            if !(0...100).contains(weight) { problems.append("weight \(weight) of '\(version)' is not in 0...100") }
            if backends[version] == nil { problems.append("weight for '\(version)', which is no backend") }
        }
        let sum = weights.values.reduce(0) { $0 &+ $1 }
        if sum != 100 { problems.append("weights add up to \(sum), not to 100") }
        return problems
    }

    private var referenceProblems: [String] {
        var problems: [String] = []
        if let stable, backends[stable] == nil { problems.append("stable '\(stable)' is no backend") }
        if let mirror {
            if backends[mirror.version] == nil { problems.append("mirror '\(mirror.version)' is no backend") }
            if !(0...100).contains(mirror.percent) { problems.append("mirror's percent is not in 0...100") }
        }
        for route in routes {
            if backends[route.version] == nil { problems.append("route to '\(route.version)', which is no backend") }
            switch route.match {
            case .header(let name, _), .cookie(let name, _):
                if name.isEmpty { problems.append("a route has no name to look for") }
            case .hashOfHeader(let name, let percent), .hashOfField(let name, let percent):
                if name.isEmpty { problems.append("a route has no name to look for") }
                if !(0...100).contains(percent) { problems.append("a route's percent is not in 0...100") }
            }
        }
        return problems
    }
}
