extension IPAddress: OpaqueValue {
    static let typeName = "net.IP"
    static let type = CELType.opaque(typeName, [])

    var typeName: String { Self.typeName }
    var constructorName: String { "ip" }

    var describedText: String? { text }

    func isEqual(to other: any OpaqueValue) -> Bool { (other as? IPAddress) == self }

    static func parse(_ text: String) throws(EvaluationError) -> IPAddress {
        do throws(ParseError) { return try IPAddress(text) } catch { throw .invalid(error.message) }
    }
}

extension Library {
    /// IP addresses and ranges of them.
    public static let network: Library = {
        var library = Library("network")
        library.addType(IPAddress.typeName, IPAddress.type)
        library.addType(CIDR.typeName, CIDR.type)
        library.addAddresses()
        library.addRanges()
        return library
    }()

    private mutating func addAddresses() {
        let address = IPAddress.type
        let isAddress = ConstantRule.text { (text) throws(EvaluationError) in _ = try IPAddress.parse(text) }
        add("ip", [.string], address, cost: .traverse([0]), constant: isAddress) {
            (arguments, _) throws(EvaluationError) in
            .opaque(try IPAddress.parse(arguments.string(0)))
        }
        add("isIP", [.string], .bool, cost: .traverse([0])) { (arguments, _) throws(EvaluationError) in
            let text = try arguments.string(0)
            return .bool((try? IPAddress(text)) != nil)
        }
        add("ip.isCanonical", [.string], .bool, cost: .traverse([0])) { (arguments, _) throws(EvaluationError) in
            let text = try arguments.string(0)
            return .bool(utf8Equal(try IPAddress.parse(text).text, text))
        }
        add("string", [address], .string, size: .atMost(45)) { (arguments, _) throws(EvaluationError) in
            .string(try arguments.opaque(0, as: IPAddress.self).text)
        }
        add("family", [address], .int, member: true) { (arguments, _) throws(EvaluationError) in
            .int(Int64(try arguments.opaque(0, as: IPAddress.self).family))
        }
        let tests: [(String, @Sendable (IPAddress) -> Bool)] = [
            ("isUnspecified", { $0.isUnspecified }), ("isLoopback", { $0.isLoopback }),
            ("isGlobalUnicast", { $0.isGlobalUnicast }), ("isLinkLocalMulticast", { $0.isLinkLocalMulticast }),
            ("isLinkLocalUnicast", { $0.isLinkLocalUnicast }),
        ]
        for (name, test) in tests {
            add(name, [address], .bool, member: true) { (arguments, _) throws(EvaluationError) in
                .bool(test(try arguments.opaque(0, as: IPAddress.self)))
            }
        }
    }

    private mutating func addRanges() {
        let range = CIDR.type
        let isRange = ConstantRule.text { (text) throws(EvaluationError) in _ = try CIDR.parse(text) }
        add("cidr", [.string], range, cost: .traverse([0]), constant: isRange) {
            (arguments, _) throws(EvaluationError) in
            .opaque(try CIDR.parse(arguments.string(0)))
        }
        add("isCIDR", [.string], .bool, cost: .traverse([0])) { (arguments, _) throws(EvaluationError) in
            let text = try arguments.string(0)
            return .bool((try? CIDR(text)) != nil)
        }
        add("string", [range], .string, size: .atMost(50)) { (arguments, _) throws(EvaluationError) in
            .string(try arguments.opaque(0, as: CIDR.self).text)
        }
        add("containsIP", [range, IPAddress.type], .bool, member: true) { (arguments, _) throws(EvaluationError) in
            let address = try arguments.opaque(1, as: IPAddress.self)
            return .bool(try arguments.opaque(0, as: CIDR.self).contains(address))
        }
        add("containsIP", [range, .string], .bool, member: true, cost: .traverse([1])) {
            (arguments, _) throws(EvaluationError) in
            let address = try IPAddress.parse(arguments.string(1))
            return .bool(try arguments.opaque(0, as: CIDR.self).contains(address))
        }
        add("containsCIDR", [range, range], .bool, member: true) { (arguments, _) throws(EvaluationError) in
            let other = try arguments.opaque(1, as: CIDR.self)
            return .bool(try arguments.opaque(0, as: CIDR.self).contains(other))
        }
        add("containsCIDR", [range, .string], .bool, member: true, cost: .traverse([1])) {
            (arguments, _) throws(EvaluationError) in
            let other = try CIDR.parse(arguments.string(1))
            return .bool(try arguments.opaque(0, as: CIDR.self).contains(other))
        }
        add("ip", [range], IPAddress.type, member: true) { (arguments, _) throws(EvaluationError) in
            .opaque(try arguments.opaque(0, as: CIDR.self).address)
        }
        add("masked", [range], range, member: true) { (arguments, _) throws(EvaluationError) in
            .opaque(try arguments.opaque(0, as: CIDR.self).masked)
        }
        add("prefixLength", [range], .int, member: true) { (arguments, _) throws(EvaluationError) in
            .int(Int64(try arguments.opaque(0, as: CIDR.self).prefixLength))
        }
    }
}

extension CIDR: OpaqueValue {
    static let typeName = "net.CIDR"
    static let type = CELType.opaque(typeName, [])

    var typeName: String { Self.typeName }
    var constructorName: String { "cidr" }

    var describedText: String? { text }

    func isEqual(to other: any OpaqueValue) -> Bool { (other as? CIDR) == self }

    static func parse(_ text: String) throws(EvaluationError) -> CIDR {
        do throws(IPAddress.ParseError) { return try CIDR(text) } catch { throw .invalid(error.message) }
    }
}
