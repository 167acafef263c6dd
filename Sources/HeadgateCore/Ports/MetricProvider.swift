/// Runs the queries that checks name.
package protocol MetricProvider: Sendable {
    /// Measures queries. What cannot be had is a missing value with its reason, never a zero.
    ///
    /// - Returns: A value for every query, by its name.
    func values(of queries: [MetricQuery], deadline: Duration) async -> [String: QueryValue]
}

/// What a query gave.
package enum QueryValue: Hashable, Sendable, Codable {
    case number(Double)
    /// NaN, an empty series, or a provider that did not answer; the text is for people.
    case missing(String)
}
