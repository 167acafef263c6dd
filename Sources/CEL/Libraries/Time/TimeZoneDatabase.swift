import Synchronization

/// Offsets of time zones by name, read when first asked for and kept.
struct TimeZoneDatabase: Sendable {
    /// The machine's own, in `/usr/share/zoneinfo`.
    static let system = TimeZoneDatabase { TimeZoneFile.read($0, below: "/usr/share/zoneinfo") }

    private let cache: Cache

    /// - Parameter load: The bytes of the time zone file of a name, or nil where there is none. It is asked only for
    ///   names that cannot leave its folder, and at most once for a name as long as few are in use.
    init(load: @escaping @Sendable (String) -> [UInt8]?) {
        cache = Cache(load: load)
    }

    /// Seconds east of UTC in a zone at a time, or nil where the zone is not known.
    ///
    /// The zone is a name such as `America/New_York`, `UTC` or nothing, or an offset such as `+05:30`, `-00:00` or
    /// `02:00`; the time is in seconds since 1970-01-01T00:00:00Z.
    func offset(zone: String, atSeconds seconds: Int64) -> Int32? {
        rules(zone)?.offset(atSeconds: seconds)
    }

    /// The rules of a zone, for a caller that asks more than once.
    func rules(_ zone: String) -> TimeZoneRules? {
        if zone.isEmpty || zone == "UTC" { return TimeZoneRules(fixedOffset: 0) }
        if let offset = Self.fixedOffset(zone) { return TimeZoneRules(fixedOffset: offset) }
        guard Self.isName(zone) else { return nil }
        return cache.rules(zone)
    }

    /// Reads `+05:30`, `-5:30` or `02:00`, at most 23:59 either way.
    static func fixedOffset(_ text: String) -> Int32? {
        var bytes = Array(text.utf8)[...]
        var sign: Int32 = 1
        if let first = bytes.first, first == UInt8(ascii: "+") || first == UInt8(ascii: "-") {
            sign = first == UInt8(ascii: "-") ? -1 : 1
            bytes.removeFirst()
        }
        let parts = bytes.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard parts.count == 2, (1...2).contains(parts[0].count), parts[1].count == 2 else { return nil }
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard parts.joined().allSatisfy(digits.contains) else { return nil }
        let numbers = parts.map { $0.reduce(Int32(0)) { $0 * 10 + Int32($1 - UInt8(ascii: "0")) } }
        guard numbers[0] <= 23, numbers[1] <= 59 else { return nil }
        return sign * (numbers[0] * 3600 + numbers[1] * 60)
    }

    /// Whether a name stays below the folder of zones: parts of letters, digits, `_`, `+` and `-` between slashes.
    static func isName(_ zone: String) -> Bool {
        guard zone.utf8.count <= 128 else { return false }
        return zone.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).allSatisfy { part in
            !part.isEmpty
                && part.allSatisfy { byte in
                    switch byte {
                    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "+"), UInt8(ascii: "-"):
                        true
                    default:
                        false
                    }
                }
        }
    }

    private final class Cache: Sendable {
        // Names come from the data under evaluation: without a bound they could fill memory.
        private static let capacity = 1024

        private let load: @Sendable (String) -> [UInt8]?
        private let known = Mutex<[String: TimeZoneRules?]>([:])

        init(load: @escaping @Sendable (String) -> [UInt8]?) {
            self.load = load
        }

        func rules(_ zone: String) -> TimeZoneRules? {
            if let found = known.withLock({ $0[zone] }) { return found }
            let rules = load(zone).flatMap { TimeZoneRules(tzif: $0) }
            known.withLock { known in
                if known.count < Self.capacity { known.updateValue(rules, forKey: zone) }
            }
            return rules
        }
    }
}
