import HeadgateCore

/// What a body holds as one word.
protocol BodyScalar {
    /// Nil when the node is something else.
    init?(_ tape: JSONTape, _ node: Int)
    func write(to text: inout [UInt8])
}

extension Bool: BodyScalar {
    init?(_ tape: JSONTape, _ node: Int) {
        switch tape.nodes[node].kind {
        case .isTrue: self = true
        case .isFalse: self = false
        case .null, .integer, .number, .string, .escapedString, .array, .object: return nil
        }
    }

    func write(to text: inout [UInt8]) { text.append(contentsOf: (self ? "true" : "false").utf8) }
}

extension String: BodyScalar {
    init?(_ tape: JSONTape, _ node: Int) {
        guard tape.nodes[node].kind == .string || tape.nodes[node].kind == .escapedString else { return nil }
        self = tape.string(node)
    }

    func write(to text: inout [UInt8]) {
        text.append(UInt8(ascii: "\""))
        for byte in utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                text.append(UInt8(ascii: "\\"))
                text.append(byte)
            case 10: text.append(contentsOf: #"\n"#.utf8)
            case 0..<32: text.append(contentsOf: "\\u00\(Hex.encode([byte]))".utf8)
            default: text.append(byte)
            }
        }
        text.append(UInt8(ascii: "\""))
    }
}

extension Double: BodyScalar {
    init?(_ tape: JSONTape, _ node: Int) {
        guard let value = tape.double(node) else { return nil }
        self = value
    }

    /// The shortest text that gives the same number, never that of an integer.
    func write(to text: inout [UInt8]) {
        if isFinite {
            text.append(contentsOf: description.utf8)
        } else {
            text.append(contentsOf: (isNaN ? "NaN" : self < 0 ? "-Infinity" : "Infinity").utf8)
        }
    }
}

extension Float: BodyScalar {
    init?(_ tape: JSONTape, _ node: Int) {
        guard let value = tape.double(node) else { return nil }
        self = Float(value)
    }

    func write(to text: inout [UInt8]) { Double(self).write(to: &text) }
}

extension BodyScalar where Self: FixedWidthInteger {
    init?(_ tape: JSONTape, _ node: Int) {
        if let value = tape.integer(node) {
            self.init(exactly: value)
        } else if let value = tape.unsigned(node) {
            self.init(exactly: value)
        } else {
            return nil
        }
    }

    func write(to text: inout [UInt8]) { text.append(contentsOf: String(self).utf8) }
}

extension Int: BodyScalar {}
extension Int8: BodyScalar {}
extension Int16: BodyScalar {}
extension Int32: BodyScalar {}
extension Int64: BodyScalar {}
extension UInt: BodyScalar {}
extension UInt8: BodyScalar {}
extension UInt16: BodyScalar {}
extension UInt32: BodyScalar {}
extension UInt64: BodyScalar {}
