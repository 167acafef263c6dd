import FoundationEssentials
import HeadgateCore
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The folder of one router: its lock, its last table, its address and its control socket.
///
/// The lock is held until it is released or the process ends, so a controller that starts again can tell by it.
final class StateFolder: Sendable {
    /// What `router.json` says.
    struct Record: Codable, Equatable {
        var pid: Int32
        var address: String
    }

    let path: String
    private let lock: Mutex<Int32>

    /// Makes the folder where it is missing, and takes its lock.
    init(_ path: String) throws(RouterError) {
        self.path = path
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw RouterError(.stateFolder, "cannot make the router's state folder \(path): \(error)")
        }
        guard chmod(path, 0o700) == 0 else {
            throw RouterError(.stateFolder, "cannot make \(path) private: \(Self.lastError)")
        }
        let descriptor = open(path + "/router.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw RouterError(.stateFolder, "cannot open \(path)/router.lock: \(Self.lastError)")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let isHeld = errno == EWOULDBLOCK
            let reason = Self.lastError
            close(descriptor)
            throw isHeld
                ? RouterError(.alreadyRunning, "another router holds \(path)/router.lock")
                : RouterError(.stateFolder, "cannot lock \(path)/router.lock: \(reason)")
        }
        lock = Mutex(descriptor)
    }

    deinit { release() }

    /// Lets another router have the folder.
    func release() {
        lock.withLock { descriptor in
            if descriptor >= 0 {
                // A child that is between its fork and its exec has the descriptor too, so closing alone may come late.
                _ = flock(descriptor, LOCK_UN)
                close(descriptor)
            }
            descriptor = -1
        }
    }

    /// The table that was last in force; an empty one when there was none.
    func readTable() throws(RouterError) -> RouterTable {
        try read("table.json") ?? RouterTable()
    }

    func write(_ table: RouterTable) throws(RouterError) { try write(table, to: "table.json") }

    /// What the last router said of itself, or nil.
    var record: Record? { try? read("router.json") }

    func write(_ record: Record) throws(RouterError) { try write(record, to: "router.json") }

    private func read<Value: Decodable>(_ name: String) throws(RouterError) -> Value? {
        let file = path + "/" + name
        guard FileManager.default.fileExists(atPath: file) else { return nil }
        do {
            return try JSONDecoder().decode(Value.self, from: Data(contentsOf: URL(filePath: file)))
        } catch {
            throw RouterError(.stateFolder, "cannot read \(file): \(error)")
        }
    }

    /// Writes beside the file, syncs and renames, so that a crash leaves the old content or the new.
    private func write(_ value: some Encodable, to name: String) throws(RouterError) {
        let file = path + "/" + name
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        guard let data = try? encoder.encode(value) else {
            throw RouterError(.stateFolder, "cannot encode \(name)")
        }
        let temporary = file + ".new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw RouterError(.stateFolder, "cannot write \(temporary): \(Self.lastError)")
        }
        let isWritten = Self.writeAll(Array(data), to: descriptor) && fsync(descriptor) == 0
        let reason = Self.lastError
        close(descriptor)
        guard isWritten, rename(temporary, file) == 0 else {
            throw RouterError(.stateFolder, "cannot write \(file): \(reason)")
        }
        syncFolder()
    }

    private static func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        bytes.withUnsafeBytes { raw in
            var rest = raw[...]
            while !rest.isEmpty {
                let count = unsafeWrite(descriptor, UnsafeRawBufferPointer(rebasing: rest))
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return false }
                rest = rest.dropFirst(count)
            }
            return true
        }
    }

    private static func unsafeWrite(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
        #if canImport(Glibc)
            Glibc.write(descriptor, bytes.baseAddress, bytes.count)
        #elseif canImport(Musl)
            Musl.write(descriptor, bytes.baseAddress, bytes.count)
        #else
            Darwin.write(descriptor, bytes.baseAddress, bytes.count)
        #endif
    }

    // A rename is durable only when its folder is.
    private func syncFolder() {
        let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { return }
        fsync(folder)
        close(folder)
    }

    private static var lastError: String { String(cString: strerror(errno)) }
}
