package import HeadgateCore

/// A metric that a rule reads and no step of the Model declares.
package struct MisspeltMetric: Hashable, Sendable {
    /// As the rule has it, dots for nesting.
    package let name: String
    /// What the steps declare, in order.
    package let declared: [String]
    /// Where the rule's expression stands.
    package let location: HeadgateCore.SourceLocation?

    /// What is wrong, with what is declared.
    package var message: String {
        let more = declared.count > 12 ? " and \(declared.count - 12) more" : ""
        let known = declared.prefix(12).joined(separator: ", ") + more
        return "no step declares the metric \(name); declared are \(known.isEmpty ? "none" : known)"
    }

    /// What was likely meant.
    package var hint: String? {
        Spelling.nearest(to: name, among: declared).map { "did you mean \"\($0)\"?" }
    }
}
