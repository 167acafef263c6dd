// Parts of timestamps and durations.
extension Library {
    mutating func addTimeAccessors() {
        let parts: [(String, @Sendable (CivilTime) -> Int)] = [
            ("getFullYear", { Int($0.year) }),
            ("getMonth", { Int($0.month) - 1 }),
            ("getDayOfYear", { Int($0.dayOfYear) }),
            ("getDayOfMonth", { Int($0.day) - 1 }),
            ("getDate", { Int($0.day) }),
            ("getDayOfWeek", { Int($0.dayOfWeek) }),
            ("getHours", { Int($0.hour) }),
            ("getMinutes", { Int($0.minute) }),
            ("getSeconds", { Int($0.second) }),
        ]
        for (name, part) in parts {
            add(name, [.timestamp], .int, member: true) { (arguments, _) throws(EvaluationError) in
                .int(Int64(part(try arguments.timestamp(0).civil())))
            }
            add(name, [.timestamp, .string], .int, member: true, cost: .traverse([1]), constant: Self.isTimeZone) {
                (arguments, _) throws(EvaluationError) in
                let time = try arguments.timestamp(0)
                let offset = try Self.offset(of: arguments.string(1), at: time)
                return .int(Int64(part(time.civil(offset: offset))))
            }
        }
        add("getMilliseconds", [.timestamp], .int, member: true) { (arguments, _) throws(EvaluationError) in
            .int(Int64(try arguments.timestamp(0).nanoseconds / 1_000_000))
        }
        add(
            "getMilliseconds", [.timestamp, .string], .int, member: true, cost: .traverse([1]),
            constant: Self.isTimeZone
        ) { (arguments, _) throws(EvaluationError) in
            let time = try arguments.timestamp(0)
            _ = try Self.offset(of: arguments.string(1), at: time)
            return .int(Int64(time.nanoseconds / 1_000_000))
        }
        let lengths: [(String, @Sendable (TimeSpan) -> Int64)] = [
            ("getHours", { $0.wholeHours }), ("getMinutes", { $0.wholeMinutes }), ("getSeconds", { $0.wholeSeconds }),
            ("getMilliseconds", { $0.milliseconds }),
        ]
        for (name, length) in lengths {
            add(name, [.duration], .int, member: true) { (arguments, _) throws(EvaluationError) in
                .int(length(try arguments.duration(0)))
            }
        }
    }

    // Without a database of time zones nothing can be said of a name.
    private static let isTimeZone = ConstantRule.text(argument: 1) { (zone) throws(EvaluationError) in
        let zones = TimeZoneDatabase.system
        if zones.rules(zone) == nil, zones.rules("Etc/UTC") != nil { throw unknownZone(zone) }
    }

    private static func unknownZone(_ zone: String) -> EvaluationError {
        .invalid("there is no time zone '\(zone.clipped)'")
    }

    private static func offset(of zone: String, at time: Timestamp) throws(EvaluationError) -> Int32 {
        guard let offset = TimeZoneDatabase.system.offset(zone: zone, atSeconds: time.seconds) else {
            throw unknownZone(zone)
        }
        return offset
    }
}
