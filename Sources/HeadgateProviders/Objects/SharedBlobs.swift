package import HeadgateCore

/// Named byte strings that several machines share.
///
/// Names are made by us: relative, with `/` between parts.
package protocol SharedBlobs: Sendable {
    /// What messages call it; never with a secret.
    var name: String { get }

    /// The most bytes that a file may have to be stored.
    var limit: Int64 { get }

    /// The bytes under a name; nil when nothing stands there.
    ///
    /// - Throws: `.tooLarge` for more than `limit` bytes.
    func read(_ blob: String, limit: Int) async throws(StorageError) -> [UInt8]?

    /// Writes what stands under a name to a file that does not exist yet; false when nothing stands there.
    func download(_ blob: String, to path: String, limit: Int64) async throws(StorageError) -> Bool

    func contains(_ blob: String) async throws(StorageError) -> Bool

    /// Stores bytes unless something stands there already: the first writer wins, and the others get false.
    func create(_ blob: String, _ bytes: [UInt8]) async throws(StorageError) -> Bool

    /// Stores a file's bytes unless something stands there already.
    func create(_ blob: String, file: String) async throws(StorageError) -> Bool

    /// Stores bytes, whatever stood there.
    func replace(_ blob: String, _ bytes: [UInt8]) async throws(StorageError)
}

extension StorageError {
    /// A failed system call.
    init(_ error: SystemError) { self.init(error.isDiskFull ? .diskFull : .io, error.description) }
}
