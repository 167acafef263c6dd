import Synchronization
import Testing

@testable import CEL

@Suite struct TimeZoneTests {
    @Test(
        arguments: [
            ("+05:30", 19_800), ("-00:00", 0), ("02:00", 7200), ("-5:45", -20_700), ("UTC", 0), ("", 0),
            ("+23:59", 86_340),
        ] as [(String, Int32)])
    func `fixed offsets need no database`(_ zone: String, _ offset: Int32) {
        let database = TimeZoneDatabase { _ in nil }
        #expect(database.offset(zone: zone, atSeconds: 0) == offset)
    }

    @Test(arguments: [
        "../etc/passwd", "/etc/localtime", "America//New_York", "America/", "..", "a/../b", "a\0b", "America/New York",
        "+24:00", "+05:60", "5:3", ":30", "+:30", "05:", "é", String(repeating: "a", count: 200),
    ])
    func `names that could leave the folder are never looked up`(_ zone: String) {
        let asked = Mutex<[String]>([])
        let recording = Recorder(asked)
        let database = TimeZoneDatabase { recording.load($0) }
        #expect(database.offset(zone: zone, atSeconds: 0) == nil)
        #expect(recording.names.isEmpty)
    }

    @Test func `a zone is read once`() {
        let recorder = Recorder(Mutex([]))
        let database = TimeZoneDatabase { recorder.load($0) }
        for _ in 0..<3 { #expect(database.offset(zone: "Some/Where", atSeconds: 0) == nil) }
        #expect(recorder.names == ["Some/Where"])
    }

    // From the published rules: https://www.rfc-editor.org/rfc/rfc8536#section-3.3 and POSIX.
    @Test(
        arguments: [
            ("EST5EDT,M3.2.0,M11.1.0", "2024-03-10T06:59:59Z", -18_000),
            ("EST5EDT,M3.2.0,M11.1.0", "2024-03-10T07:00:00Z", -14_400),
            ("EST5EDT,M3.2.0,M11.1.0", "2024-11-03T05:59:59Z", -14_400),
            ("EST5EDT,M3.2.0,M11.1.0", "2024-11-03T06:00:00Z", -18_000),
            ("AEST-10AEDT,M10.1.0,M4.1.0/3", "2024-01-01T00:00:00Z", 39_600),
            ("AEST-10AEDT,M10.1.0,M4.1.0/3", "2024-07-01T00:00:00Z", 36_000),
            ("<+0545>-5:45", "2024-01-01T00:00:00Z", 20_700), ("GMT0", "2024-01-01T00:00:00Z", 0),
            ("IST-1GMT0,M10.5.0,M3.5.0/1", "2024-01-01T00:00:00Z", 0),
            ("IST-1GMT0,M10.5.0,M3.5.0/1", "2024-07-01T00:00:00Z", 3600),
            ("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2024-03-31T00:59:59Z", -7200),
            ("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2024-03-31T01:00:00Z", -3600),
            ("XXX3EDT4,0/0,J365/23", "2024-12-31T12:00:00Z", -14_400),
            ("AAA-1BBB,J60/0,J300/0", "2024-02-29T23:30:00Z", 7200),
            ("AAA-1BBB,J60/0,J300/0", "2024-02-29T22:30:00Z", 3600),
        ] as [(String, String, Int32)])
    func `POSIX rules give the offset`(_ rule: String, _ time: String, _ offset: Int32) throws {
        let rule = try #require(PosixTimeRule(rule.utf8))
        let time = try #require(Timestamp(rfc3339: time))
        #expect(rule.offset(atSeconds: time.seconds) == offset)
    }

    @Test(arguments: [
        "", "E5", "EST", "EST25", "EST5EDT,M3.2.0", "EST5EDT,M13.2.0,M11.1.0", "EST5EDT,M3.2.7,M11.1.0", "EST5,x",
    ])
    func `what is no rule is refused`(_ rule: String) {
        #expect(PosixTimeRule(rule.utf8) == nil)
    }

    @Test func `a file gives its transitions and then its rule`() throws {
        let file = Self.file(
            transitions: [(100, 1), (200, 0)], offsets: [3600, 7200], footer: "EST5EDT,M3.2.0,M11.1.0")
        let rules = try #require(TimeZoneRules(tzif: file))
        #expect(rules.offset(atSeconds: -5) == 3600)
        #expect(rules.offset(atSeconds: 99) == 3600)
        #expect(rules.offset(atSeconds: 100) == 7200)
        #expect(rules.offset(atSeconds: 199) == 7200)
        #expect(rules.offset(atSeconds: 200) == -18_000)
        let old = try #require(TimeZoneRules(tzif: Self.file(transitions: [(100, 1)], offsets: [0, 60], footer: "")))
        #expect(old.offset(atSeconds: 1_000_000) == 60)
        let none = try #require(TimeZoneRules(tzif: Self.file(transitions: [], offsets: [60], footer: "")))
        #expect(none.offset(atSeconds: 0) == 60)
    }

    @Test func `damaged files are refused and never crash`() {
        let file = Self.file(transitions: [(100, 1), (200, 0)], offsets: [3600, 7200], footer: "EST5")
        for count in 0..<file.count - 6 { #expect(TimeZoneRules(tzif: Array(file[..<count])) == nil) }
        var accepted = 0
        for index in file.indices {
            for value: UInt8 in [0, 1, 2, 0x7F, 0xFF] {
                var damaged = file
                damaged[index] = value
                if let rules = TimeZoneRules(tzif: damaged) {
                    _ = rules.offset(atSeconds: 150)
                    accepted += 1
                }
            }
        }
        #expect(accepted < file.count * 5)
        #expect(TimeZoneRules(tzif: Self.file(transitions: [(200, 1), (100, 0)], offsets: [0, 1], footer: "")) == nil)
        #expect(TimeZoneRules(tzif: Self.file(transitions: [(100, 7)], offsets: [0, 1], footer: "")) == nil)
    }

    @Test(
        .enabled(if: TimeZoneFile.read("UTC", below: "/usr/share/zoneinfo") != nil, "needs the package tzdata"),
        arguments: [
            ("US/Central", "2009-02-13T23:31:30Z", -21_600), ("Asia/Kathmandu", "2009-02-13T23:31:30Z", 20_700),
            ("America/New_York", "2050-07-01T00:00:00Z", -14_400),
            ("America/New_York", "2050-01-01T00:00:00Z", -18_000),
            ("Europe/Dublin", "2024-07-01T00:00:00Z", 3600), ("Asia/Kathmandu", "1985-12-31T00:00:00Z", 19_800),
            ("Australia/Lord_Howe", "2024-01-01T00:00:00Z", 39_600), ("Etc/GMT+5", "2024-01-01T00:00:00Z", -18_000),
        ] as [(String, String, Int32)]
    )
    func `the machine's database knows named zones`(_ zone: String, _ time: String, _ offset: Int32) throws {
        let time = try #require(Timestamp(rfc3339: time))
        #expect(TimeZoneDatabase.system.offset(zone: zone, atSeconds: time.seconds) == offset)
        #expect(TimeZoneDatabase.system.offset(zone: "No/Such_Zone", atSeconds: 0) == nil)
        #expect(TimeZoneDatabase.system.offset(zone: "America", atSeconds: 0) == nil)
    }

    /// Writes a version 2 file whose first block is empty.
    private static func file(transitions: [(Int64, UInt8)], offsets: [Int32], footer: String) -> [UInt8] {
        func number(_ value: Int64, _ size: Int) -> [UInt8] {
            (0..<size).reversed().map { UInt8(truncatingIfNeeded: value >> Int64(8 * $0)) }
        }
        func header(_ counts: [Int]) -> [UInt8] {
            Array("TZif2".utf8) + [UInt8](repeating: 0, count: 15) + counts.flatMap { number(Int64($0), 4) }
        }
        var bytes = header([0, 0, 0, 0, 1, 1]) + number(0, 4) + [0, 0, 0]
        bytes += header([0, 0, 0, transitions.count, offsets.count, 4])
        for transition in transitions { bytes += number(transition.0, 8) }
        bytes += transitions.map(\.1)
        for offset in offsets { bytes += number(Int64(offset), 4) + [0, 0] }
        return bytes + Array("ABC\0\n".utf8) + Array(footer.utf8) + Array("\n".utf8)
    }
}

/// Remembers which names were asked for.
private final class Recorder: Sendable {
    private let asked: Mutex<[String]>

    init(_ asked: consuming Mutex<[String]>) {
        self.asked = asked
    }

    var names: [String] { asked.withLock { $0 } }

    func load(_ name: String) -> [UInt8]? {
        asked.withLock { $0.append(name) }
        return nil
    }
}
