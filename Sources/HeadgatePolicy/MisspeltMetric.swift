package import HeadgateCore

/// A metric that a rule reads and no step of the Model declares.
package struct MisspeltMetric: Hashable, Sendable {
    package let name: String
    /// What the steps declare, in order.
    package let declared: [String]
    /// Where the rule's expression stands.
    package let location: HeadgateCore.SourceLocation?

    package var message: String {
        let known = declared.joined(separator: ", ")
        return "no step declares the metric \(name); declared are \(known.isEmpty ? "none" : known)"
    }

    /// What was likely meant.
    package var hint: String? {
        Spelling.nearest(to: name, among: declared).map { "did you mean \"\($0)\"?" }
    }
}
