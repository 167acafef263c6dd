package import HeadgateCore

/// A metric that a rule reads, or a document gives, and no step of the Model declares.
package struct MisspeltMetric: Hashable, Sendable {
    /// Dots for nesting.
    package let name: String
    /// What the steps declare, in order.
    package let declared: [String]
    /// Where the rule's expression stands; nil for a document's.
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

extension MisspeltMetric {
    /// The metrics of a document that no step declares, at most so many; what stands below a declared one is its part.
    package static func all(
        in metrics: JSONValue, among declared: [String: MetricType], limit: Int
    ) -> [MisspeltMetric] {
        let names = declared.keys.sorted()
        let groups = Set(names.flatMap(Self.groups))
        var found: [MisspeltMetric] = []
        func look(_ metrics: JSONValue, below group: String) {
            for (key, value) in metrics.sortedMembers where found.count < limit {
                let name = group.isEmpty ? key : "\(group).\(key)"
                if declared[name] != nil || Self.groups(name).contains(where: { declared[$0] != nil }) { continue }
                if groups.contains(name), case .object = value {
                    look(value, below: name)
                } else {
                    found.append(MisspeltMetric(name: name, declared: names, location: nil))
                }
            }
        }
        look(metrics, below: "")
        return found
    }

    /// `a` and `a.b` of `a.b.c`.
    private static func groups(_ name: String) -> [String] {
        name.indices.filter { name[$0] == "." }.map { String(name[..<$0]) }
    }
}
