package import HeadgateCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Where the shell takes time and chance from.
package protocol WallClock: Sendable {
    var now: Instant { get }
    /// 0 through 1.
    var jitter: Double { get }
    func sleep(until: Instant) async throws
}

/// The machine's own clock.
package struct SystemClock: WallClock {
    package init() {}

    package var now: Instant {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Instant(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    package var jitter: Double { Double.random(in: 0...1) }

    package func sleep(until instant: Instant) async throws {
        let wait = instant - now
        guard wait > .zero else { return }
        try await Task.sleep(for: wait)
    }
}
