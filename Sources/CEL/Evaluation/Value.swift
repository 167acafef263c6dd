/// A value of the language.
///
/// Strings are sequences of Unicode scalars: comparing, ordering and hashing go by their UTF-8 bytes, unlike
/// Swift's own `String`.
public enum Value: Sendable {
    /// `null`.
    case null
    /// A truth value.
    case bool(Bool)
    /// A signed integer.
    case int(Int64)
    /// An unsigned integer.
    case uint(UInt64)
    /// A double.
    case double(Double)
    /// Text.
    case string(String)
    /// Bytes.
    case bytes([UInt8])
    /// A point in time.
    case timestamp(Timestamp)
    /// A length of time.
    case duration(TimeSpan)
    /// A list.
    case list([Value])
    /// A map.
    case map(MapValue)
    /// A record.
    case record(RecordValue)
    /// A value or its absence.
    case optional(OptionalValue)
    /// A type.
    case type(CELType)
    /// A value of a library's own type.
    case opaque(any OpaqueValue)
    /// Not known yet; names the attributes to wait for.
    case unknown(UnknownSet)

    /// The runtime type.
    public var type: CELType {
        switch self {
        case .null: .null
        case .bool: .bool
        case .int: .int
        case .uint: .uint
        case .double: .double
        case .string: .string
        case .bytes: .bytes
        case .timestamp: .timestamp
        case .duration: .duration
        case .list: .anyList
        case .map: .anyMap
        case .record(let record): .record(record.typeName)
        case .optional: .optional(.dyn)
        case .type: .type(.dyn)
        case .opaque(let value): .opaque(value.typeName, [])
        case .unknown: .dyn
        }
    }

    /// The name of the runtime type.
    public var typeName: String {
        if case .unknown = self { return "unknown" }
        return type.runtimeName
    }

    /// A list of strings.
    public static func strings(_ elements: some Sequence<String>) -> Value {
        .list(elements.map { .string($0) })
    }

    /// A map with string keys; the last of equal keys counts.
    public static func map(_ entries: some Sequence<(String, Value)>) -> Value {
        .map(MapValue(entries))
    }

    /// The missing value of an optional.
    public static let none = Value.optional(OptionalValue(nil))
}

/// The payload of an optional.
public final class OptionalValue: Sendable {
    /// The value, or nil for `optional.none()`.
    public let wrapped: Value?

    /// Wraps a value.
    public init(_ wrapped: Value?) {
        self.wrapped = wrapped
    }
}

/// A value whose type a library defines.
public protocol OpaqueValue: Sendable {
    /// The name of the type, as `type()` gives it.
    var typeName: String { get }
    /// The text that `string()` gives, or nil where there is no such conversion.
    var describedText: String? { get }
    /// The name of the function that makes such a value of ``describedText``; that of the type unless a library says so.
    var constructorName: String { get }
    /// Whether two values of this type are equal; false for any other type.
    func isEqual(to other: any OpaqueValue) -> Bool
}

extension OpaqueValue {
    /// The name of the type.
    public var constructorName: String { typeName }
}

/// The attributes that an unknown value waits for.
public struct UnknownSet: Sendable, Hashable {
    /// Paths such as `candidate.metrics.accuracy`, sorted by UTF-8 bytes, without duplicates.
    public let paths: [String]

    /// More paths than this are cut: a person reads them.
    private static let maximum = 256

    /// An unknown that waits for one attribute.
    public init(_ path: String) {
        paths = [path]
    }

    /// An unknown that waits for several attributes.
    public init(_ paths: some Sequence<String>) {
        var sorted = paths.sorted { utf8Compare($0, $1) < 0 }
        var last: String?
        sorted.removeAll { path in
            defer { last = path }
            return path == last
        }
        self.paths = Array(sorted.prefix(Self.maximum))
    }

    func union(_ other: UnknownSet) -> UnknownSet {
        self == other ? self : UnknownSet(paths + other.paths)
    }

    /// The set for a part of the unknown value.
    func appending(_ suffix: String) -> UnknownSet {
        UnknownSet(paths.map { $0.utf8.count < 512 ? $0 + suffix : $0 })
    }
}
