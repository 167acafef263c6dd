/// What a declaration says about the values it takes, for editors and readers.
indirect enum Schema: Sendable {
    case text(TextForm)
    case integer(ClosedRange<Int>)
    case number(ClosedRange<Double>?)
    case boolean
    /// Any JSON value.
    case any
    case options([Option])
    case list(Schema, ClosedRange<Int>)
    case map(Schema, keys: TextForm)
    case object(ObjectSchema)
    /// A scalar or a mapping.
    case either(Schema, Schema)

    struct Option: Sendable {
        let name: String
        let summary: String
    }
}

/// How a text must look.
struct TextForm: Sendable {
    /// What readers call it.
    let label: String
    /// A regular expression that JSON Schema and JavaScript understand; nil when any text will do.
    let pattern: String?
    /// Whether a number or a truth value without quotes is taken as the text that it is written with.
    var takesAnyScalar = false

    static let text = TextForm(label: "text", pattern: nil, takesAnyScalar: true)
    static let expression = TextForm(label: "CEL expression", pattern: nil, takesAnyScalar: true)
    static let name = TextForm(label: "name", pattern: "^[a-z0-9-]{1,63}$")
    static let identifier = TextForm(label: "identifier", pattern: "^[A-Za-z_][A-Za-z0-9_]*$")
    static let duration = TextForm(
        label: "duration", pattern: "^(?=.)([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$")
    static let path = TextForm(label: "path", pattern: "^[^/]")
    static let digest = TextForm(label: "SHA-256 digest", pattern: "^(sha256:)?[0-9a-fA-F]{64}$")
    static let httpURL = TextForm(label: "URL", pattern: "^https?://")
    static let pinnedURI = TextForm(label: "URI", pattern: "^(https?|file|s3)://")
    static let labelKey = TextForm(label: "key", pattern: "^[A-Za-z0-9._/-]{1,253}$")
    static let metricName = TextForm(label: "metric", pattern: "^[^.\\s]+([.][^.\\s]+)*$")
}

struct ObjectSchema: Sendable {
    /// The heading under which readers find its fields; unique among all declarations.
    let title: String
    let members: [Member]
    /// Groups of members of which one, or at most one, is given.
    let choices: [Choice]

    struct Member: Sendable {
        let name: String
        let schema: Schema
        let summary: String
        let presence: Presence
    }

    enum Presence: Sendable {
        case required
        /// May be left out; the text says what holds then, when that can be said in YAML.
        case optional(String?)
        /// One of a group.
        case choice
    }

    struct Choice: Sendable {
        let names: [String]
        let isRequired: Bool
    }
}
