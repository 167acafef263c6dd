import Foundation
import HeadgateCore

/// When what is beyond retention is deleted without being asked for.
struct CollectionSchedule: Sendable {
    let every: Duration
    /// How long former champions stay.
    let olderThan: Duration
    /// A file whose time is that of the last collection, so that an interval does not begin anew at each restart.
    let mark: String

    /// How long it is until the next collection; the first is a whole interval after the schedule was first read.
    func wait(now: Instant = .now) -> Duration {
        guard let time = try? FileManager.default.attributesOfItem(atPath: mark)[.modificationDate] as? Date else {
            begin()
            return every
        }
        let last = Instant(milliseconds: Int64(time.timeIntervalSince1970 * 1000))
        // A clock that was set back does not put it off for longer than an interval.
        return min(max(last + every - now, .zero), every)
    }

    /// Notes that a collection begins; false where that cannot be written.
    @discardableResult
    func begin() -> Bool { FileManager.default.createFile(atPath: mark, contents: nil) }
}
