package import HeadgateCore

extension FolderObjectStore {
    /// Copies every object into a folder that becomes a store like this one; each byte is checked against its digest.
    ///
    /// What is stored meanwhile may be in the copy or not. Nothing may be collected meanwhile. Tells the bytes so far.
    /// - Returns: How many objects and bytes were copied.
    package func copy(
        into folder: String, _ progress: @escaping @Sendable (Int64) -> Void
    ) async throws(StorageError) -> (objects: Int, bytes: Int64) {
        try await Workers.run { () throws(StorageError) in
            let copy = try FolderObjectStore(path: folder)
            var copied = (objects: 0, bytes: Int64(0))
            for name in try LocalFiles.names(in: self.path) where Hex.decode(name.utf8)?.count == 1 {
                let target = "\(folder)/\(name)"
                try LocalFiles.makeFolder(target, mode: 0o700)
                for rest in try LocalFiles.names(in: "\(self.path)/\(name)") {
                    guard let digest = Digest(name + rest) else { continue }
                    copied.bytes += try self.copy(digest, into: copy)
                    copied.objects += 1
                    progress(copied.bytes)
                }
                try LocalFiles.synchronizeFolder(target)
            }
            try LocalFiles.synchronizeFolder(folder)
            return copied
        }
    }

    private func copy(_ object: Digest, into other: FolderObjectStore) throws(StorageError) -> Int64 {
        let source = try OpenFile.reading(place(of: object))
        let target = try OpenFile.creating(other.place(of: object))
        let copied = try copy(source, to: target)
        guard copied.digest == object else { throw setAside(object, "its bytes have the digest \(copied.digest)") }
        try target.synchronize()
        return copied.size
    }
}
