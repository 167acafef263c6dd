import Foundation
import Glibc

/// A folder of a test's own, deleted with the value.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("headgate-store-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    deinit {
        // Best effort: a folder that cannot be deleted must not fail a test that passed.
        try? FileManager.default.removeItem(atPath: path)
    }

    func path(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes a file and the folders that lead to it.
    @discardableResult
    func write(_ name: String, _ content: [UInt8], executable: Bool = false) throws -> String {
        let path = path(name)
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try Data(content).write(to: URL(fileURLWithPath: path))
        if executable { chmod(path, 0o755) }
        return path
    }

    @discardableResult
    func write(_ name: String, _ content: String, executable: Bool = false) throws -> String {
        try write(name, Array(content.utf8), executable: executable)
    }
}

/// Every path below a folder with its kind, mode and content, sorted: equal for equal trees.
func listing(_ root: String) throws -> [String] {
    let manager = FileManager.default
    return try manager.subpathsOfDirectory(atPath: root).sorted().map { path in
        let full = "\(root)/\(path)"
        let attributes = try manager.attributesOfItem(atPath: full)
        let type = attributes[.type] as? FileAttributeType
        if type == .typeSymbolicLink { return "\(path) -> \(try manager.destinationOfSymbolicLink(atPath: full))" }
        if type == .typeDirectory { return "\(path)/" }
        let mode = (attributes[.posixPermissions] as? Int ?? 0) & 0o100
        let content = try Data(contentsOf: URL(fileURLWithPath: full))
        return "\(path) \(mode != 0) \(content.count) \(content.hashValue)"
    }
}

/// All regular files below a folder.
func files(_ root: String) throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: root).sorted().map { "\(root)/\($0)" }.filter { path in
        var facts = stat()
        return lstat(path, &facts) == 0 && facts.st_mode & S_IFMT == S_IFREG
    }
}

/// SplitMix64: equal seeds give equal numbers.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &self) }
    }
}
