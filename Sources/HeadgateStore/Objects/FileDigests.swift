import Glibc
package import HeadgateCore

import struct Crypto.SHA256

/// Digests of files that are in no store, on all cores.
package enum FileDigests {
    /// The SHA-256 of each file's bytes, in the order of the paths.
    ///
    /// - Throws: ``StorageError`` for the first file that cannot be read, or is not a regular file.
    package static func of(_ paths: [String]) async throws(StorageError) -> [Digest] {
        try await Workers.run { () throws(StorageError) in
            try Workers.map(paths) { path throws(StorageError) in try digest(path) }
        }
    }

    /// The files below a folder, and a file itself; links are passed over, as nobody says where they lead.
    package static func files(at path: String) async throws(StorageError) -> [String] {
        try await Workers.run { () throws(StorageError) in
            guard let facts = try LocalFiles.facts(path) else {
                throw StorageError(.notFound, "\(path) does not exist")
            }
            guard facts.kind == .folder else { return [path] }
            return try FolderScan(path).files.map { "\(path)/\($0.path)" }.sorted()
        }
    }

    private static func digest(_ path: String) throws(StorageError) -> Digest {
        let file = try OpenFile.reading(path)
        // The disk works on what comes next while this core digests what came.
        _ = posix_fadvise(file.descriptor, 0, 0, POSIX_FADV_SEQUENTIAL)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 * 1024, alignment: 4096)
        defer { buffer.deallocate() }
        var hasher = SHA256()
        while true {
            let count = try file.read(into: buffer)
            if count == 0 { return FolderObjectStore.digest(hasher) }
            hasher.update(bufferPointer: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }
}
