import Glibc
package import HeadgateCore
import Synchronization

import struct Crypto.SHA256

/// Objects as files of one folder, each named by the SHA-256 of its bytes.
///
/// `ab/cdef…` holds files' contents and the lists of entries of folders, `tmp/` what is being written, `corrupted/` what
/// did not match its name. An object appears by a rename once all its bytes are on disk; a list of entries appears after
/// everything that it names. Several processes may share the folder.
package final class FolderObjectStore: ObjectStore {
    /// The folder.
    package let path: String

    /// Writes to a descriptor as `write` does.
    typealias Write = @Sendable (Int32, UnsafeRawBufferPointer) -> Int

    private let write: Write
    /// Whether files of this folder can share their blocks; learnt from the first attempt.
    private let mayClone = Atomic(true)
    private let temporaryNumber = Atomic<UInt64>(UInt64.random(in: 0...UInt64.max))

    /// Opens a folder, which is made if need be.
    package convenience init(path: String) throws(StorageError) {
        try self.init(path: path) { Glibc.write($0, $1.baseAddress, $1.count) }
    }

    init(path: String, write: @escaping Write) throws(StorageError) {
        self.path = path
        self.write = write
        for folder in [path, "\(path)/tmp", "\(path)/corrupted"] {
            try LocalFiles.makeFolder(folder, mode: 0o700)
        }
    }

    // MARK: Places

    /// Where an object's bytes stand.
    func place(of object: Digest) -> String {
        let hex = object.hex
        return "\(path)/\(hex.prefix(2))/\(hex.dropFirst(2))"
    }

    /// Runs with the folder's lock: shared while objects are published, exclusively while some are deleted.
    func locked<Value>(
        exclusively: Bool, _ body: () throws(StorageError) -> Value
    ) throws(StorageError) -> Value {
        let lock = try OpenFile.locking("\(path)/lock", exclusively: exclusively)
        // Named at the end, so that it is not closed before.
        defer { _ = lock.descriptor }
        return try body()
    }

    func temporaryPath() -> String {
        let number = temporaryNumber.wrappingAdd(1, ordering: .relaxed).newValue
        return "\(path)/tmp/\(getpid())-\(String(number, radix: 36))"
    }

    /// Takes an object that does not match its name out of the way, so that it can be made again.
    func setAside(_ object: Digest, _ problem: String) -> StorageError {
        let place = place(of: object)
        let aside = "\(path)/corrupted/\(object.hex)"
        let moved = Glibc.rename(place, aside) == 0
        return StorageError(
            .corrupted,
            "object \(object) at \(place) is corrupted: \(problem)" + (moved ? "; it was moved to \(aside)" : ""))
    }

    // MARK: Bytes

    /// Copies all that is left of a file, and digests it on the way.
    ///
    /// Where the file system can do that, the copy shares the original's blocks; what is digested is then the copy.
    func copy(
        _ source: borrowing OpenFile, to target: borrowing OpenFile
    ) throws(StorageError) -> (digest: Digest, size: Int64) {
        let isCloned = clone(source, to: target)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 * 1024, alignment: 4096)
        defer { buffer.deallocate() }
        var hasher = SHA256()
        var size: Int64 = 0
        while true {
            let count = isCloned ? try target.read(into: buffer) : try source.read(into: buffer)
            if count == 0 { return (Self.digest(hasher), size) }
            let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            hasher.update(bufferPointer: bytes)
            if !isCloned { try writeAll(bytes, to: target) }
            size += Int64(count)
        }
    }

    func writeAll(_ bytes: UnsafeRawBufferPointer, to file: borrowing OpenFile) throws(StorageError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = write(file.descriptor, UnsafeRawBufferPointer(rebasing: rest))
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if count < 0, errno != EINTR {
                throw .system("write", file.path)
            }
        }
    }

    static func digest(_ hasher: SHA256) -> Digest {
        guard let digest = Digest(bytes: Array(hasher.finalize())) else {
            preconditionFailure("a SHA-256 has 32 bytes")
        }
        return digest
    }

    private func clone(_ source: borrowing OpenFile, to target: borrowing OpenFile) -> Bool {
        // FICLONE of <linux/fs.h>, a macro that Swift does not import: _IOW(0x94, 9, int).
        let shareBlocks: UInt = 0x4004_9409
        guard mayClone.load(ordering: .relaxed) else { return false }
        if ioctl(target.descriptor, shareBlocks, source.descriptor) == 0 { return true }
        // EXDEV concerns this pair of files; anything else, the file system.
        if errno != EXDEV { mayClone.store(false, ordering: .relaxed) }
        return false
    }
}
