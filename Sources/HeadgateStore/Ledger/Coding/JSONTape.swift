/// A JSON text taken apart into a flat list of nodes, reused from one text to the next.
///
/// Numbers may also be `NaN`, `Infinity` and `-Infinity`, which measurements can be and JSON has no words for.
final class JSONTape {
    enum Kind: UInt8 {
        case null, isTrue, isFalse, integer, number, string, escapedString, array, object
    }

    /// A value; an object's members are a string node for the name, then the value's nodes.
    struct Node {
        let kind: Kind
        /// Where the text of a number or a string's content begins, and how many bytes it has.
        let start: UInt32
        var length: UInt32
        /// The node after this value and all that is in it.
        var next: UInt32
        /// Where the search for an object's next member begins: members are asked for in the order they were written.
        var cursor: UInt32
    }

    private(set) var nodes: ContiguousArray<Node> = []
    private var text = UnsafeBufferPointer<UInt8>(start: nil, count: 0)
    private var position = 0
    /// Texts that come again and again, such as commits and paths, share their storage.
    private var shared = [String](repeating: "", count: 4096)

    /// Runs with the nodes of a text; false, and without running, when the text is no JSON.
    func parse(_ text: UnsafeBufferPointer<UInt8>, _ body: () throws -> Void) rethrows -> Bool {
        self.text = text
        position = 0
        nodes.removeAll(keepingCapacity: true)
        defer { self.text = UnsafeBufferPointer(start: nil, count: 0) }
        guard text.count < Int(UInt32.max), value(depth: 0), position == text.count else { return false }
        try body()
        return true
    }

    // MARK: Values

    func isMember(_ node: Int, named name: String) -> Bool {
        var name = name
        return name.withUTF8 { wanted in
            guard nodes[node].kind == .string else { return string(node) == String(decoding: wanted, as: UTF8.self) }
            return wanted.elementsEqual(bytes(node))
        }
    }

    /// The value of an object's member.
    func member(_ name: String, of object: Int) -> Int? {
        let first = object + 1
        let end = Int(nodes[object].next)
        guard first < end else { return nil }
        let start = Int(nodes[object].cursor)
        var node = start
        repeat {
            let value = node + 1
            let following = Int(nodes[value].next)
            if isMember(node, named: name) {
                nodes[object].cursor = UInt32(following < end ? following : first)
                return value
            }
            node = following < end ? following : first
        } while node != start
        return nil
    }

    func string(_ node: Int) -> String {
        let bytes = bytes(node)
        if nodes[node].kind == .escapedString { return Self.unescaped(bytes) }
        guard (16...200).contains(bytes.count) else { return String(decoding: bytes, as: UTF8.self) }
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let slot = Int(truncatingIfNeeded: (hash ^ hash >> 32) & 4095)
        if shared[slot].utf8.count != bytes.count || !shared[slot].utf8.elementsEqual(bytes) {
            shared[slot] = String(decoding: bytes, as: UTF8.self)
        }
        return shared[slot]
    }

    func integer(_ node: Int) -> Int64? {
        guard nodes[node].kind == .integer else { return nil }
        var value: Int64 = 0
        var digits = bytes(node)[...]
        let isNegative = digits.first == UInt8(ascii: "-")
        if isNegative { digits = digits.dropFirst() }
        for digit in digits {
            let (scaled, overflow) = value.multipliedReportingOverflow(by: 10)
            let step = Int64(digit) - 48
            let (sum, beyond) =
                isNegative
                ? scaled.subtractingReportingOverflow(step) : scaled.addingReportingOverflow(step)
            if overflow || beyond { return nil }
            value = sum
        }
        return value
    }

    func unsigned(_ node: Int) -> UInt64? {
        guard nodes[node].kind == .integer else { return nil }
        return UInt64(String(decoding: bytes(node), as: UTF8.self))
    }

    func double(_ node: Int) -> Double? {
        guard nodes[node].kind == .number || nodes[node].kind == .integer else { return nil }
        return Double(String(decoding: bytes(node), as: UTF8.self))
    }

    /// The nodes of an array's elements.
    func elements(of array: Int) -> [Int] {
        var elements: [Int] = []
        var node = array + 1
        while node < Int(nodes[array].next) {
            elements.append(node)
            node = Int(nodes[node].next)
        }
        return elements
    }

    private func bytes(_ node: Int) -> UnsafeBufferPointer<UInt8> {
        let start = Int(nodes[node].start)
        return UnsafeBufferPointer(rebasing: text[start..<start + Int(nodes[node].length)])
    }

    // MARK: Taking apart

    private func value(depth: Int) -> Bool {
        guard position < text.count, depth < 512 else { return false }
        switch text[position] {
        case UInt8(ascii: "{"): return object(depth: depth)
        case UInt8(ascii: "["): return array(depth: depth)
        case UInt8(ascii: "\""): return string()
        case UInt8(ascii: "t"): return word("true", .isTrue)
        case UInt8(ascii: "f"): return word("false", .isFalse)
        case UInt8(ascii: "n"): return word("null", .null)
        case UInt8(ascii: "N"): return word("NaN", .number)
        case UInt8(ascii: "I"): return word("Infinity", .number)
        default: return number()
        }
    }

    private func append(_ kind: Kind, start: Int, length: Int) {
        let next = UInt32(nodes.count + 1)
        nodes.append(
            Node(kind: kind, start: UInt32(start), length: UInt32(length), next: next, cursor: next))
    }

    private func object(depth: Int) -> Bool {
        let node = nodes.count
        append(.object, start: position, length: 0)
        position += 1
        if take(UInt8(ascii: "}")) { return true }
        repeat {
            guard position < text.count, text[position] == UInt8(ascii: "\""), string(), take(UInt8(ascii: ":")),
                value(depth: depth + 1)
            else { return false }
        } while take(UInt8(ascii: ","))
        nodes[node].next = UInt32(nodes.count)
        return take(UInt8(ascii: "}"))
    }

    private func array(depth: Int) -> Bool {
        let node = nodes.count
        append(.array, start: position, length: 0)
        position += 1
        if take(UInt8(ascii: "]")) { return true }
        repeat {
            guard value(depth: depth + 1) else { return false }
        } while take(UInt8(ascii: ","))
        nodes[node].next = UInt32(nodes.count)
        return take(UInt8(ascii: "]"))
    }

    private func string() -> Bool {
        let start = position + 1
        var end = start
        var kind = Kind.string
        while end < text.count, text[end] != UInt8(ascii: "\"") {
            if text[end] == UInt8(ascii: "\\") {
                kind = .escapedString
                end += 1
            }
            end += 1
        }
        guard end < text.count else { return false }
        append(kind, start: start, length: end - start)
        position = end + 1
        return true
    }

    private func number() -> Bool {
        let start = position
        if take(UInt8(ascii: "-")), position < text.count, text[position] == UInt8(ascii: "I") {
            guard matches("Infinity") else { return false }
            append(.number, start: start, length: position - start)
            return true
        }
        let digits = position
        var kind = Kind.integer
        while position < text.count {
            switch text[position] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): break
            case UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"), UInt8(ascii: "+"), UInt8(ascii: "-"):
                kind = .number
            default:
                append(kind, start: start, length: position - start)
                return position > digits
            }
            position += 1
        }
        append(kind, start: start, length: position - start)
        return position > digits
    }

    private func word(_ word: StaticString, _ kind: Kind) -> Bool {
        let start = position
        guard matches(word) else { return false }
        append(kind, start: start, length: position - start)
        return true
    }

    private func matches(_ word: StaticString) -> Bool {
        let wanted = UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
        guard text[position...].starts(with: wanted) else { return false }
        position += wanted.count
        return true
    }

    private func take(_ byte: UInt8) -> Bool {
        guard position < text.count, text[position] == byte else { return false }
        position += 1
        return true
    }

    private static func unescaped(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            defer { index += 1 }
            guard bytes[index] == UInt8(ascii: "\\"), index + 1 < bytes.count else {
                result.append(bytes[index])
                continue
            }
            index += 1
            switch bytes[index] {
            case UInt8(ascii: "n"): result.append(10)
            case UInt8(ascii: "r"): result.append(13)
            case UInt8(ascii: "t"): result.append(9)
            case UInt8(ascii: "u"):
                // Only control characters are written so; they are one byte.
                let digits = String(
                    decoding: bytes[min(index + 1, bytes.count)..<min(index + 5, bytes.count)], as: UTF8.self)
                result.append(UInt8(digits, radix: 16) ?? UInt8(ascii: "?"))
                index += 4
            default: result.append(bytes[index])
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
