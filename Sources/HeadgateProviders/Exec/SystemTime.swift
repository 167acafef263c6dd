import Glibc
package import HeadgateCore

/// The machine's clocks.
package enum SystemTime {
    package static var now: Instant { Instant(milliseconds: milliseconds(CLOCK_REALTIME)) }

    /// Milliseconds that never go back.
    static var steady: Int64 { milliseconds(CLOCK_MONOTONIC) }

    private static func milliseconds(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
