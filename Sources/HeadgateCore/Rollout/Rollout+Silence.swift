/// Requests of the candidate that are under way while it has answered none.
///
/// What is not answered counts in no statistics: without this, a candidate that hangs would pass every check on what it
/// answered before.
package struct RolloutSilence: Hashable, Sendable, Codable {
    /// What it had answered, mirrored requests and errors included.
    package let answers: UInt64
    /// When that many were counted first.
    package let since: Instant
    package internal(set) var waiting: Int
}

extension Rollout {
    /// How long a candidate may answer nothing that it was asked, at least.
    static let leastSilence = Duration.seconds(10)

    /// Notes whether the candidate answers what it is asked.
    mutating func listen(_ observed: ObservedServing, _ now: Instant) {
        guard course == .forward else { return }
        guard let seen = observed.versions[candidate.version], seen.inFlight > 0 else {
            silence = nil
            return
        }
        let traffic = observed.traffic[candidate.version] ?? TrafficStatistics()
        let answers = traffic.requests &+ traffic.errors &+ traffic.mirrored
        if silence?.answers == answers {
            silence?.waiting = seen.inFlight
            return
        }
        silence = RolloutSilence(answers: answers, since: now, waiting: seen.inFlight)
    }

    /// Why a candidate that answers nothing is lost; nil while it may live.
    ///
    /// It may take four times as long as nearly all answers of either version have taken so far.
    func silentLoss(_ observed: ObservedServing, _ now: Instant) -> String? {
        guard let silence, champion != nil else { return nil }
        let slowest =
            [champion?.version, candidate.version].compactMap { $0 }
            .compactMap { observed.traffic[$0]?.latency.quantile(0.999) }.max() ?? 0
        let limit = max(Self.leastSilence, .milliseconds(Int64(min(slowest, 86_400) * 4000)))
        guard silence.since + limit <= now else { return nil }
        return "the candidate has answered none of \(silence.waiting) requests for \((now - silence.since).text)"
    }

    /// Whether the candidate has answered nothing since the phase began, though it was asked.
    ///
    /// No stage that exposed it ends well before it has.
    var isSilent: Bool { champion != nil && (silence.map { $0.since <= since } ?? false) }
}
