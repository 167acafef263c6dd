import Foundation
import Glibc
import HeadgateCore
import Testing

@testable import HeadgateStore

struct ObjectCollectionTests {
    private let folder: TemporaryFolder
    private let store: FolderObjectStore

    init() throws {
        folder = try TemporaryFolder()
        store = try FolderObjectStore(path: folder.path("objects"))
    }

    @Test func `a collection deletes what no root reaches and says how many bytes that freed`() async throws {
        try folder.write("kept/shared", [UInt8](repeating: 1, count: 5000))
        try folder.write("kept/own", "kept")
        try folder.write("dropped/shared", [UInt8](repeating: 1, count: 5000))
        try folder.write("dropped/own", [UInt8](repeating: 2, count: 3000))
        let kept = try await store.put(path: folder.path("kept")).tree
        let dropped = try await store.put(path: folder.path("dropped")).tree
        let lock = try await store.put(bytes: Array("pinned==1".utf8))
        let list = try await store.read(dropped.digest, limit: 1000).count
        let node = TreeNode.file(content: lock, executable: false)
        let trial = try await store.collect(
            keeping: [kept, TreeDigest(lock)], olderThan: .zero, isTrial: true
        ) { _ in }
        #expect(try await store.contains(dropped), "a trial deletes nothing")
        let freed = try await store.collect(keeping: [kept, TreeDigest(lock)], olderThan: .zero)
        #expect(freed == trial)
        #expect(freed == Int64(3000 + list + node.bytes.count))
        #expect(try await store.contains(kept))
        #expect(try await store.contains(dropped) == false)
        #expect(try await store.read(lock, limit: 100) == Array("pinned==1".utf8))
        #expect(try await store.collect(keeping: [kept, TreeDigest(lock)], olderThan: .zero) == 0)
        try await store.materialize(kept, at: folder.path("out"))
        #expect(try listing(folder.path("out")) == listing(folder.path("kept")))
    }

    @Test func `what is younger than the grace time stays, and leftovers older than it go`() async throws {
        let tree = try await store.put(path: folder.write("f", "young")).tree
        try folder.write("objects/tmp/left-over", "1234567")
        #expect(try await store.collect(keeping: [], olderThan: .seconds(3600)) == 0)
        #expect(try await store.contains(tree))
        try age(folder.path("objects"))
        #expect(try await store.collect(keeping: [tree], olderThan: .seconds(3600)) == 7)
        #expect(try await store.contains(tree))
    }

    @Test func `a root that is gone or corrupted stops no collection`() async throws {
        let tree = try await store.put(path: folder.write("f", "x")).tree
        let gone = TreeDigest(Digest.of([9]))
        _ = try await store.collect(keeping: [tree, gone], olderThan: .zero)
        #expect(try await store.contains(tree))
    }

    @Test func `what is stored while a collection runs is there when it has been stored`() async throws {
        for number in 0..<3 { try folder.write("t/\(number)", "content \(number)") }
        for _ in 0..<60 {
            _ = try await store.put(path: folder.path("t"))
            try age(folder.path("objects"))
            async let freed = store.collect(keeping: [], olderThan: .seconds(3600))
            async let stored = store.put(path: folder.path("t"))
            let tree = try await stored.tree
            _ = try await freed
            #expect(try await store.contains(tree))
        }
    }

    @Test func `a copy is a store with the same objects, and one that is corrupted is not copied`() async throws {
        try folder.write("t/a", "one")
        try folder.write("t/b", [UInt8](repeating: 7, count: 300_000))
        let tree = try await store.put(path: folder.path("t")).tree
        let copied = try await store.copy(into: folder.path("copy")) { _ in }
        #expect(copied.objects == 3)
        let copy = try FolderObjectStore(path: folder.path("copy"))
        try await copy.materialize(tree, at: folder.path("out"))
        #expect(try listing(folder.path("out")) == listing(folder.path("t")))
        let content = Digest.of(Array("one".utf8)).hex
        try folder.write("objects/\(content.prefix(2))/\(content.dropFirst(2))", "two")
        await #expect(throws: StorageError.self) { _ = try await store.copy(into: folder.path("other")) { _ in } }
    }

    /// Sets all times to a day ago.
    private func age(_ root: String) throws {
        let time = timespec(tv_sec: time(nil) - 86_400, tv_nsec: 0)
        for file in try files(root) { utimensat(AT_FDCWD, file, [time, time], 0) }
    }
}
