import Glibc
import HeadgateCore

/// What is kept of a log that a shim rotates, as one text: the file before the last turn, and the present one.
///
/// Read while the shim writes and turns it.
struct RotatedLog: Sendable {
    let path: String

    private final class File {
        let descriptor: FileDescriptor
        let node: UInt64
        let size: Int

        init?(_ path: String) {
            guard let descriptor = try? FileDescriptor(opening: path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK) else {
                return nil
            }
            var status = stat()
            guard fstat(descriptor.raw, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
            self.descriptor = descriptor
            node = UInt64(status.st_ino)
            size = Int(status.st_size)
        }

        func read(from offset: Int, upTo limit: Int, name: String) throws(SystemError) -> [UInt8] {
            lseek(descriptor.raw, off_t(offset), SEEK_SET)
            return try descriptor.read(upTo: limit, name: name)
        }

        /// A place in it, by what stands before.
        func position(_ offset: Int, name: String) throws(SystemError) -> LogPosition {
            let before = try read(from: max(0, offset - 256), upTo: min(256, offset), name: name)
            let digest = Digest.of(before).hex.prefix(16)
            return LogPosition(file: node, offset: offset, check: UInt64(digest, radix: 16) ?? 0)
        }
    }

    /// The bytes after a position, at most so many, and where the next ones begin; nil for a log that is not there.
    ///
    /// - Parameters:
    ///   - position: Nil begins with the last lines. One that was turned away goes on with the oldest that is kept.
    ///   - tail: How many last lines; nil for all.
    ///   - limit: The most bytes.
    /// - Returns: No bytes at the end.
    /// - Throws: ``SystemError`` for a file that cannot be read.
    func read(
        after position: LogPosition?, tail: Int?, limit: Int
    ) throws(SystemError) -> (bytes: [UInt8], next: LogPosition)? {
        // The present one first: turned meanwhile, it is found again as the one before.
        let present = File(path)
        var files = [File(path + ".1"), present].compactMap(\.self)
        if files.count == 2, files[0].node == files[1].node { files.removeLast() }
        guard !files.isEmpty else { return nil }
        var (index, offset) = (0, 0)
        if let position {
            for found in files.indices where position.offset <= files[found].size {
                guard try files[found].position(position.offset, name: path) == position else { continue }
                (index, offset) = (found, position.offset)
            }
        } else if let tail {
            (index, offset) = try start(ofLast: tail, in: files)
        }
        if offset >= files[index].size, index + 1 < files.count { (index, offset) = (index + 1, 0) }
        var bytes = try files[index].read(from: offset, upTo: limit, name: path)
        bytes.removeLast(Self.partial(bytes))
        return (bytes, try files[index].position(offset + bytes.count, name: path))
    }

    /// How many bytes at the end begin a character whose rest is yet to come; none where there is nothing else.
    private static func partial(_ bytes: [UInt8]) -> Int {
        for back in 1...3 where back < bytes.count {
            let byte = bytes[bytes.count - back]
            guard byte & 0xC0 == 0xC0 else { continue }
            return (byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2) > back ? back : 0
        }
        return 0
    }

    /// Where so many lines before the end begin.
    private func start(ofLast count: Int, in files: [File]) throws(SystemError) -> (index: Int, offset: Int) {
        let last = files.count - 1
        guard count > 0 else { return (last, files[last].size) }
        var left = count
        for index in files.indices.reversed() {
            var end = files[index].size
            while end > 0 {
                let start = max(0, end - 65536)
                let chunk = try files[index].read(from: start, upTo: end - start, name: path)
                for place in chunk.indices.reversed() where chunk[place] == UInt8(ascii: "\n") {
                    let offset = start + place + 1
                    // What ends the last line begins none.
                    if index == last, offset == files[last].size { continue }
                    left -= 1
                    if left == 0 { return (index, offset) }
                }
                end = start
            }
        }
        return (0, 0)
    }
}
