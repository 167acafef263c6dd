/// What a check said: three answers, never two.
///
/// Missing data is neither good nor bad news. Whoever asks decides what an `inconclusive` leads to.
package struct CheckAnswer: Hashable, Sendable, Codable {
    package enum Outcome: String, Hashable, Sendable, Codable, CaseIterable {
        case pass, fail, inconclusive
    }

    package let outcome: Outcome
    /// For people: why, with the values that decided.
    package let reason: String
    /// The values that were compared, by name; finite ones only, so that answers can be compared and written as JSON.
    package let numbers: [String: Double]

    package init(_ outcome: Outcome, _ reason: String, numbers: [String: Double] = [:]) {
        self.outcome = outcome
        self.reason = reason
        self.numbers = numbers.filter { $0.value.isFinite }
    }

    /// The condition holds.
    package static func pass(_ reason: String, numbers: [String: Double] = [:]) -> CheckAnswer {
        CheckAnswer(.pass, reason, numbers: numbers)
    }

    /// The condition does not hold.
    package static func fail(_ reason: String, numbers: [String: Double] = [:]) -> CheckAnswer {
        CheckAnswer(.fail, reason, numbers: numbers)
    }

    /// Nobody can tell: no data, too little of it, or values that are no numbers.
    package static func inconclusive(_ reason: String, numbers: [String: Double] = [:]) -> CheckAnswer {
        CheckAnswer(.inconclusive, reason, numbers: numbers)
    }
}
