package import HeadgateCore

/// A commit's manifests on their way into a ``SnapshotBuilder``.
package struct SnapshotUpdate: Sendable {
    /// A manifest's file that changed; without a state it left.
    struct File: Sendable {
        var state: SnapshotBuilder.FileState?
    }

    let source: SourceName
    /// Whether what is not among the changes is not there.
    let isComplete: Bool
    var files: [RepositoryPath: File] = [:]
    /// Every path that changed; empty for a complete update, after which all is looked at anew.
    var changedPaths: [RepositoryPath] = []
    private(set) var decodedFiles = 0
    /// Files that have not been decoded yet, by blob.
    private var wanted: [String: [Wanted]] = [:]

    private struct Wanted: Sendable {
        let path: RepositoryPath
        let heldObjects: Bool
    }

    init(source: SourceName, isComplete: Bool) {
        self.source = source
        self.isComplete = isComplete
    }

    /// Ids of the blobs that must be decoded, sorted.
    package var blobs: [String] { wanted.keys.sorted() }

    mutating func want(_ blob: String, for path: RepositoryPath, heldObjects: Bool) {
        wanted[blob, default: []].append(Wanted(path: path, heldObjects: heldObjects))
    }

    /// Decodes contents; some of the wanted blobs at a time, if that saves memory.
    ///
    /// - Parameter contents: By blob. One that is larger than ``ManifestParser/maxFileSize`` may stand as nil.
    package mutating func decode(_ contents: [String: [UInt8]?]) {
        for (blob, bytes) in contents {
            for file in wanted.removeValue(forKey: blob) ?? [] {
                decodedFiles += 1
                // What could not be read may be anything; it is an error where manifests were before.
                let parsed =
                    bytes.map {
                        ManifestParser.parse($0, file: file.path, source: source, heldObjects: file.heldObjects)
                    }
                    ?? ManifestParser.tooLarge(file.path, file.heldObjects ? .error : .warning)
                files[file.path] = File(state: SnapshotBuilder.FileState(blob: blob, parsed: parsed))
            }
        }
    }
}

/// An update with everything that it touches.
package struct StagedSnapshot: Sendable {
    let update: SnapshotUpdate
    /// Objects that must be settled anew, in order.
    let touched: [ObjectID]
    /// Those of them that nothing declares and that stay nevertheless.
    let retained: Set<ObjectID>
    /// Paths whose entries at the commit are needed.
    package let paths: [RepositoryPath]
}

/// Decoded files that were replaced a short while ago, so that a revert decodes nothing.
struct RecentFiles: Sendable {
    private struct Key: Hashable {
        let path: RepositoryPath
        let blob: String
    }

    private static let limit = 256
    private var states: [Key: SnapshotBuilder.FileState] = [:]
    private var order: [Key] = []

    func find(_ blob: String, at path: RepositoryPath) -> SnapshotBuilder.FileState? {
        states[Key(path: path, blob: blob)]
    }

    mutating func keep(_ state: SnapshotBuilder.FileState, of path: RepositoryPath) {
        let key = Key(path: path, blob: state.blob)
        guard states.updateValue(state, forKey: key) == nil else { return }
        order.append(key)
        if order.count > Self.limit { states[order.removeFirst()] = nil }
    }
}
