import Glibc
import HeadgateCore

/// A process by what nobody else can have: a pid is used again, a pid with its start time and boot is not.
package struct ProcessIdentity: Hashable, Sendable, Codable {
    package let pid: Int32
    /// In clock ticks since boot, as the kernel counts.
    package let started: UInt64
    package let boot: String

    package init(pid: Int32, started: UInt64, boot: String) {
        self.pid = pid
        self.started = started
        self.boot = boot
    }

    /// The identity of a process that exists; nil otherwise.
    package init?(of pid: Int32) {
        guard let entry = ProcessTable.entry(pid) else { return nil }
        self.init(pid: pid, started: entry.started, boot: ProcessTable.boot)
    }

    /// Whether the very process still exists and is more than a zombie.
    package var isAlive: Bool {
        guard boot == ProcessTable.boot, let entry = ProcessTable.entry(pid) else { return false }
        return entry.started == started && !entry.isDead
    }
}

/// Processes as the kernel lists them.
enum ProcessTable {
    struct Entry: Hashable, Sendable {
        let pid: Int32
        let parent: Int32
        let group: Int32
        let session: Int32
        let started: UInt64
        let isDead: Bool
    }

    static let boot: String = {
        let bytes = (try? LocalFiles.read("/proc/sys/kernel/random/boot_id")) ?? nil
        return String(decoding: (bytes ?? []).filter { $0 != 10 }, as: UTF8.self)
    }()

    static func entry(_ pid: Int32) -> Entry? {
        guard let bytes = try? LocalFiles.read("/proc/\(pid)/stat", limit: 4096),
            // The second field is the program's name in parentheses, which may itself hold spaces and parentheses.
            let close = bytes.lastIndex(of: UInt8(ascii: ")"))
        else { return nil }
        let fields = String(decoding: bytes[(close + 1)...], as: UTF8.self).split(separator: " ")
        guard fields.count > 19, let parent = Int32(fields[1]), let group = Int32(fields[2]),
            let session = Int32(fields[3]), let started = UInt64(fields[19])
        else { return nil }
        return Entry(
            pid: pid, parent: parent, group: group, session: session, started: started,
            isDead: fields[0] == "Z" || fields[0] == "X")
    }

    static func all() -> [Entry] {
        guard let folder = try? FileDescriptor(opening: "/proc", O_RDONLY | O_DIRECTORY),
            let names = try? LocalFiles.names(in: folder, "/proc")
        else { return [] }
        return names.compactMap { name in
            Int32(String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)).flatMap(entry)
        }
    }

    static func children(of pid: Int32) -> [Entry] { all().filter { $0.parent == pid } }

    /// Whether a process was started with an environment variable of exactly this value.
    static func hasVariable(_ assignment: String, _ pid: Int32) -> Bool {
        guard let bytes = (try? LocalFiles.read("/proc/\(pid)/environ", limit: 1 << 20)) ?? nil else { return false }
        return bytes.split(separator: 0).contains { $0.elementsEqual(assignment.utf8) }
    }
}
