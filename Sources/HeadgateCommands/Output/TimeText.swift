import Foundation
import HeadgateCore

/// Times as people read them.
enum TimeText {
    /// Such as `2026-03-01T12:00:00Z`.
    static func stamp(_ instant: Instant) -> String { instant.rfc3339 }

    /// `45s`, `3m10s`, `2h5m`, `4d3h`, as kubectl prints ages.
    static func age(since instant: Instant, now: Instant = .now) -> String {
        let seconds = max(0, (now - instant).milliseconds / 1000)
        switch seconds {
        case ..<120: return "\(seconds)s"
        case ..<7200: return "\(seconds / 60)m\(seconds % 60)s"
        case ..<172_800: return "\(seconds / 3600)h\(seconds / 60 % 60)m"
        default: return "\(seconds / 86_400)d\(seconds / 3600 % 24)h"
        }
    }

    /// How long something took: `40ms`, `0.2s`, `12.3s`, then as ages.
    static func span(from start: Instant, to end: Instant) -> String {
        let seconds = max(0, (end - start).inSeconds)
        if seconds < 0.1 { return String(format: "%.0fms", seconds * 1000) }
        return seconds < 60 ? String(format: "%.1fs", seconds) : age(since: start, now: end)
    }
}

extension Instant {
    /// The machine's time.
    static var now: Instant { Instant(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) }
}
