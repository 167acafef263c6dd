import HeadgateCore
import NIOCore

/// An answer as it is compared.
struct ComparedAnswer: Sendable {
    var status: Int
    var body: ByteBuffer
}

extension AnswerComparison {
    /// Whether two answers agree.
    ///
    /// They never do when their statuses differ, nor where a label is missing.
    func agree(_ left: ComparedAnswer, _ right: ComparedAnswer) -> Bool {
        guard left.status == right.status else { return false }
        switch self {
        case .exact:
            if left.body == right.body { return true }
            guard let (left, right) = Self.parsed(left, right) else { return false }
            return Self.equal(left, right, tolerance: 0)
        case .tolerance(let tolerance):
            guard let (left, right) = Self.parsed(left, right) else { return left.body == right.body }
            return Self.equal(left, right, tolerance: tolerance)
        case .label(let path):
            guard let (left, right) = Self.parsed(left, right), let own = Self.value(left, at: path),
                let other = Self.value(right, at: path)
            else { return false }
            return Self.equal(own, other, tolerance: 0)
        }
    }

    private static func parsed(_ left: ComparedAnswer, _ right: ComparedAnswer) -> (JSONValue, JSONValue)? {
        guard let left = left.body.withUnsafeReadableBytes(JSONReader.document),
            let right = right.body.withUnsafeReadableBytes(JSONReader.document)
        else { return nil }
        return (left, right)
    }

    /// The value at a path of names and positions, such as `outputs.0.data`.
    private static func value(_ value: JSONValue, at path: String) -> JSONValue? {
        var value = value
        for part in path.split(separator: ".") {
            switch value {
            case .object(let members):
                guard let member = members[String(part)] else { return nil }
                value = member
            case .array(let values):
                guard let index = Int(part), values.indices.contains(index) else { return nil }
                value = values[index]
            case .null, .bool, .integer, .number, .string: return nil
            }
        }
        return value
    }

    private static func equal(_ left: JSONValue, _ right: JSONValue, tolerance: Double) -> Bool {
        switch (left, right) {
        case (.integer(let left), .integer(let right)) where left == right: return true
        case (.integer, .integer), (.integer, .number), (.number, .integer), (.number, .number):
            guard let left = number(left), let right = number(right) else { return false }
            return left == right || left.isNaN && right.isNaN || abs(left - right) <= tolerance
        case (.array(let left), .array(let right)):
            return left.count == right.count && zip(left, right).allSatisfy { equal($0, $1, tolerance: tolerance) }
        case (.object(let left), .object(let right)):
            return left.count == right.count
                && left.allSatisfy { name, value in
                    right[name].map { equal(value, $0, tolerance: tolerance) } ?? false
                }
        case (.string(let left), .string(let right)): return left.utf8.elementsEqual(right.utf8)
        case (.null, _), (.bool, _), (.integer, _), (.number, _), (.string, _), (.array, _), (.object, _):
            return left == right
        }
    }

    private static func number(_ value: JSONValue) -> Double? {
        switch value {
        case .integer(let value): Double(value)
        case .number(let value): value
        case .null, .bool, .string, .array, .object: nil
        }
    }
}
