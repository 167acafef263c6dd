extension Quantity: OpaqueValue {
    static let typeName = "kubernetes.Quantity"
    static let type = CELType.opaque(typeName, [])

    var typeName: String { Self.typeName }
    var constructorName: String { "quantity" }
    var describedText: String? { text }

    func isEqual(to other: any OpaqueValue) -> Bool { (other as? Quantity) == self }
}

extension Quantity {
    fileprivate static func parse(_ text: String) throws(EvaluationError) -> Quantity {
        guard let quantity = Quantity(text) else { throw .invalid("'\(text.clipped)' is no quantity such as 1.5Gi") }
        return quantity
    }
}

extension SemanticVersion: OpaqueValue {
    static let typeName = "kubernetes.Semver"
    static let type = CELType.opaque(typeName, [])

    var typeName: String { Self.typeName }
    var constructorName: String { "semver" }
    var describedText: String? { text }

    func isEqual(to other: any OpaqueValue) -> Bool { (other as? SemanticVersion) == self }
}

extension SemanticVersion {
    fileprivate static func parse(_ text: String, normalizing: Bool) throws(EvaluationError) -> SemanticVersion {
        guard let version = SemanticVersion(text, normalizing: normalizing) else {
            throw .invalid("'\(text.clipped)' is no semantic version such as 1.2.3")
        }
        return version
    }
}

extension URLParts: OpaqueValue {
    static let typeName = "kubernetes.URL"
    static let type = CELType.opaque(typeName, [])

    var typeName: String { Self.typeName }
    var constructorName: String { "url" }
    var describedText: String? { text }

    func isEqual(to other: any OpaqueValue) -> Bool { (other as? URLParts) == self }
}

extension URLParts {
    fileprivate static func parse(_ text: String) throws(EvaluationError) -> URLParts {
        do throws(ParseError) { return try URLParts(text) } catch { throw .invalid("'\(text.clipped)' is no URL") }
    }
}

extension Library {
    /// Kubernetes quantities, such as `1.5Gi`.
    public static let quantities: Library = {
        var library = Library("quantities")
        let type = Quantity.type
        library.addType(Quantity.typeName, type)
        let isQuantity = ConstantRule.text { (text) throws(EvaluationError) in _ = try Quantity.parse(text) }
        library.add("quantity", [.string], type, cost: .traverse([0]), constant: isQuantity) {
            (arguments, _) throws(EvaluationError) in
            .opaque(try Quantity.parse(arguments.string(0)))
        }
        library.add("isQuantity", [.string], .bool, cost: .traverse([0])) { (arguments, _) throws(EvaluationError) in
            .bool(Quantity(try arguments.string(0)) != nil)
        }
        library.add("isInteger", [type], .bool, member: true) { (arguments, _) throws(EvaluationError) in
            .bool(try arguments.opaque(0, as: Quantity.self).isInteger)
        }
        library.add("asInteger", [type], .int, member: true) { (arguments, _) throws(EvaluationError) in
            guard let number = try arguments.opaque(0, as: Quantity.self).asInteger else {
                throw .overflow("the quantity as an int")
            }
            return .int(number)
        }
        library.add("asApproximateFloat", [type], .double, member: true) { (arguments, _) throws(EvaluationError) in
            .double(try arguments.opaque(0, as: Quantity.self).asApproximateFloat)
        }
        library.add("sign", [type], .int, member: true) { (arguments, _) throws(EvaluationError) in
            .int(Int64(try arguments.opaque(0, as: Quantity.self).sign))
        }
        for isSum in [true, false] {
            let combine: @Sendable (Quantity, Quantity) -> Quantity = { a, b in
                isSum ? a.adding(b) : a.subtracting(b)
            }
            library.add(isSum ? "add" : "sub", [type, type], type, member: true) {
                (arguments, _) throws(EvaluationError) in
                let other = try arguments.opaque(1, as: Quantity.self)
                return .opaque(combine(try arguments.opaque(0, as: Quantity.self), other))
            }
            library.add(isSum ? "add" : "sub", [type, .int], type, member: true) {
                (arguments, _) throws(EvaluationError) in
                let other = Quantity(integer: try arguments.int(1))
                return .opaque(combine(try arguments.opaque(0, as: Quantity.self), other))
            }
        }
        library.addOrder(type) { (arguments: [Value]) throws(EvaluationError) -> Int in
            let other = try arguments.opaque(1, as: Quantity.self)
            return try arguments.opaque(0, as: Quantity.self).compare(to: other)
        }
        return library
    }()

    /// Semantic versions.
    public static let semanticVersions: Library = {
        var library = Library("semver")
        let type = SemanticVersion.type
        library.addType(SemanticVersion.typeName, type)
        library.addVersionParsing(type)
        let parts: [(String, @Sendable (SemanticVersion) -> Int64)] = [
            ("major", { Int64($0.major) }), ("minor", { Int64($0.minor) }), ("patch", { Int64($0.patch) }),
        ]
        for (name, part) in parts {
            library.add(name, [type], .int, member: true) { (arguments, _) throws(EvaluationError) in
                .int(part(try arguments.opaque(0, as: SemanticVersion.self)))
            }
        }
        library.addOrder(type) { (arguments: [Value]) throws(EvaluationError) -> Int in
            let other = try arguments.opaque(1, as: SemanticVersion.self)
            return try arguments.opaque(0, as: SemanticVersion.self).compare(to: other)
        }
        return library
    }()

    private mutating func addVersionParsing(_ type: CELType) {
        for takesFlag in [false, true] {
            let parameters: [CELType] = takesFlag ? [.string, .bool] : [.string]
            let isVersion = ConstantRule.text { (text) throws(EvaluationError) in
                _ = try SemanticVersion.parse(text, normalizing: takesFlag)
            }
            add("semver", parameters, type, cost: .traverse([0]), constant: isVersion) {
                (arguments, _) throws(EvaluationError) in
                let normalizing = takesFlag ? try arguments.bool(1) : false
                return .opaque(try SemanticVersion.parse(arguments.string(0), normalizing: normalizing))
            }
            add("isSemver", parameters, .bool, cost: .traverse([0])) { (arguments, _) throws(EvaluationError) in
                let normalizing = takesFlag ? try arguments.bool(1) : false
                return .bool(SemanticVersion(try arguments.string(0), normalizing: normalizing) != nil)
            }
        }
    }

    private mutating func addOrder(
        _ type: CELType,
        _ compare: @escaping @Sendable ([Value]) throws(EvaluationError) -> Int
    ) {
        add("compareTo", [type, type], .int, member: true) { (arguments, _) throws(EvaluationError) in
            .int(Int64(try compare(arguments)))
        }
        add("isLessThan", [type, type], .bool, member: true) { (arguments, _) throws(EvaluationError) in
            .bool(try compare(arguments) < 0)
        }
        add("isGreaterThan", [type, type], .bool, member: true) { (arguments, _) throws(EvaluationError) in
            .bool(try compare(arguments) > 0)
        }
    }

    /// URLs and their parts.
    public static let urls: Library = {
        var library = Library("urls")
        let type = URLParts.type
        library.addType(URLParts.typeName, type)
        let isURL = ConstantRule.text { (text) throws(EvaluationError) in _ = try URLParts.parse(text) }
        library.add("url", [.string], type, cost: .traverse([0]), constant: isURL) {
            (arguments, _) throws(EvaluationError) in
            .opaque(try URLParts.parse(arguments.string(0)))
        }
        library.add("isURL", [.string], .bool, cost: .traverse([0])) { (arguments, _) throws(EvaluationError) in
            let text = try arguments.string(0)
            return .bool((try? URLParts(text)) != nil)
        }
        let parts: [(String, @Sendable (URLParts) -> String)] = [
            ("getScheme", { $0.scheme }), ("getHost", { $0.host }), ("getHostname", { $0.hostname }),
            ("getPort", { $0.port }), ("getEscapedPath", { $0.escapedPath }),
        ]
        for (name, part) in parts {
            library.add(name, [type], .string, member: true) { (arguments, _) throws(EvaluationError) in
                .string(part(try arguments.opaque(0, as: URLParts.self)))
            }
        }
        library.add("getQuery", [type], .map(.string, .list(.string)), member: true) {
            (arguments, _) throws(EvaluationError) in
            let query = try arguments.opaque(0, as: URLParts.self).query
            return .map(query.map { ($0.key, Value.strings($0.values)) })
        }
        return library
    }()
}
