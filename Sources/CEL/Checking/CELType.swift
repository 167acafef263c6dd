/// The type of an expression.
public indirect enum CELType: Sendable, Hashable {
    /// Not known before evaluation; fits everywhere.
    case dyn
    /// The type of `null`.
    case null
    /// `true` and `false`.
    case bool
    /// 64-bit integers with sign.
    case int
    /// 64-bit integers without sign.
    case uint
    /// IEEE 754 double precision.
    case double
    /// Unicode text.
    case string
    /// Bytes.
    case bytes
    /// Points in time, from the year 1 to 9999.
    case timestamp
    /// Signed lengths of time.
    case duration
    /// Lists of one element type.
    case list(CELType)
    /// Maps from bool, int, uint or string keys.
    case map(CELType, CELType)
    /// A value that may be missing.
    case optional(CELType)
    /// A record type of the environment, by name.
    case record(String)
    /// The type of a type.
    case type(CELType)
    /// A type that the language does not look into, such as `net.IP`.
    case opaque(String, [CELType])
    /// A type parameter in the signature of an overload.
    case parameter(String)

    /// `list(dyn)`.
    public static let anyList = CELType.list(.dyn)
    /// `map(dyn, dyn)`.
    public static let anyMap = CELType.map(.dyn, .dyn)

    /// The name of the type of values of this type, as `type()` reports it: parameters are left out.
    public var runtimeName: String {
        switch self {
        case .dyn: "dyn"
        case .null: "null_type"
        case .bool: "bool"
        case .int: "int"
        case .uint: "uint"
        case .double: "double"
        case .string: "string"
        case .bytes: "bytes"
        case .timestamp: "google.protobuf.Timestamp"
        case .duration: "google.protobuf.Duration"
        case .list: "list"
        case .map: "map"
        case .optional: "optional_type"
        case .record(let name): name
        case .type: "type"
        case .opaque(let name, _): name
        case .parameter(let name): name
        }
    }
}

extension CELType: CustomStringConvertible {
    /// The type as messages print it, such as `map(string, list(int))`.
    public var description: String {
        switch self {
        case .timestamp: "timestamp"
        case .duration: "duration"
        case .null: "null"
        case .list(let element): "list(\(element))"
        case .map(let key, let value): "map(\(key), \(value))"
        case .optional(let wrapped): "optional(\(wrapped))"
        case .type(let inner): inner == .dyn ? "type" : "type(\(inner))"
        case .opaque(let name, let parameters):
            parameters.isEmpty ? name : "\(name)(\(parameters.map(\.description).joined(separator: ", ")))"
        default: runtimeName
        }
    }
}

/// A record: a value with named fields.
public struct RecordType: Sendable {
    /// The name, which may have dots.
    public let name: String
    /// The declared fields.
    public let fields: [String: CELType]
    /// Whether fields beyond the declared ones may be read; they are `dyn`.
    public let isOpen: Bool

    /// Declares a record.
    public init(name: String, fields: [String: CELType], isOpen: Bool = false) {
        self.name = name
        self.fields = fields
        self.isOpen = isOpen
    }
}

/// One signature of a function.
public struct Overload: Sendable {
    /// The types of the arguments; for a member function the first is the receiver.
    public let parameters: [CELType]
    /// The type of the result.
    public let result: CELType
    /// Whether the function is called as `receiver.name(…)`.
    public let isMember: Bool
    /// Whether the last parameter may be repeated.
    public let isVariadic: Bool

    /// Declares a signature; type parameters are written as `.parameter("T")`.
    public init(_ parameters: [CELType], _ result: CELType, isMember: Bool = false, isVariadic: Bool = false) {
        self.parameters = parameters
        self.result = result
        self.isMember = isMember
        self.isVariadic = isVariadic
    }
}
