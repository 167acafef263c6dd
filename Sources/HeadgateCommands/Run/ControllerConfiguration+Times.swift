import HeadgateCore

extension ControllerConfiguration {
    /// How the reconciler works.
    func reconciler() throws -> ReconcilerSettings {
        var settings = ReconcilerSettings()
        if let steps = limits?.concurrentSteps { settings.concurrentSteps = steps }
        if let deadline = limits?.removalDeadline {
            settings.removalDeadline = try Self.span(deadline, of: "limits.removalDeadline", such: "10m")
        }
        return settings
    }

    /// When what is beyond retention is deleted; nil for never.
    func collection(in state: String) throws -> CollectionSchedule? {
        guard let gc else { return nil }
        return CollectionSchedule(
            every: try Self.span(gc.every, of: "gc.every", such: "1d", atLeast: .seconds(1)),
            olderThan: try Self.span(gc.olderThan ?? GCCommand.age, of: "gc.olderThan", such: GCCommand.age),
            mark: "\(state)/collected")
    }

    private static func span(
        _ text: String, of field: String, such example: String, atLeast least: Duration = .milliseconds(1)
    ) throws -> Duration {
        guard let span = Duration(text: text), span >= least else {
            throw ConfigurationError("\(field): \(text) is not a time such as \(example), and at least \(least.text)")
        }
        return span
    }
}
