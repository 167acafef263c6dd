import Foundation
import Glibc
import HeadgateCore
import Testing

@testable import HeadgateStore

struct FolderObjectStoreTests {
    private let folder: TemporaryFolder
    private let store: FolderObjectStore

    init() throws {
        folder = try TemporaryFolder()
        store = try FolderObjectStore(path: folder.path("objects"))
    }

    @Test(arguments: UInt64(0)..<24)
    func `a tree comes back as it was put, byte for byte`(seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        let root = folder.path("tree")
        try RandomTree(random: &random).write(to: root)
        let artifact = try await store.put(path: root)
        #expect(try await store.contains(artifact.tree))
        try await store.materialize(artifact.tree, at: folder.path("out"))
        #expect(try listing(folder.path("out")) == listing(root))
        // What came back has the digest of what went in.
        #expect(try await store.put(path: folder.path("out")) == artifact)
    }

    @Test func `equal files are stored once, whatever holds them`() async throws {
        for name in ["a/one.bin", "a/two.bin", "a/deep/three.bin", "b/four.bin"] {
            try folder.write(name, [UInt8](repeating: 7, count: 100_000))
        }
        let first = try await store.put(path: folder.path("a"))
        let second = try await store.put(path: folder.path("b"))
        #expect(first.tree != second.tree)
        #expect((first.size, first.fileCount) == (300_000, 3))
        let large = try files(store.path).filter { try Data(contentsOf: URL(fileURLWithPath: $0)).count == 100_000 }
        #expect(large.count == 1)
    }

    @Test func `every object's name is the SHA-256 of its bytes`() async throws {
        try folder.write("tree/model.bin", "weights")
        try folder.write("tree/bin/serve", "#!/bin/sh", executable: true)
        _ = try await store.put(path: folder.path("tree"))
        let objects = try files(store.path).filter { !$0.hasSuffix("/lock") }
        #expect(objects.count == 3)
        for object in objects {
            let name = object.split(separator: "/").suffix(2).joined()
            #expect(Digest.of(try Data(contentsOf: URL(fileURLWithPath: object))).hex == name)
        }
    }

    @Test func `a file and a folder never share a digest`() async throws {
        try folder.write("tree/a.txt", "a")
        let tree = try await store.put(path: folder.path("tree"))
        let text = try await store.read(tree.tree.digest, limit: 1000)
        // A file with the very bytes that the folder's digest is taken of.
        let twin = try await store.put(path: folder.write("twin", text))
        #expect(twin.tree != tree.tree)
        try await store.materialize(twin.tree, at: folder.path("out"))
        #expect(try Data(contentsOf: URL(fileURLWithPath: folder.path("out"))) == Data(text))
    }

    @Test func `the digest covers names, contents, links and the executable bit, and nothing else`() async throws {
        func digest(_ name: String, _ make: (String) throws -> Void) async throws -> TreeDigest {
            try folder.write("\(name)/f", "content")
            try make(folder.path(name))
            return try await store.put(path: folder.path(name)).tree
        }
        let base = try await digest("base") { _ in }
        let touched = try await digest("touched") { root in
            chmod("\(root)/f", 0o600)
            utimensat(AT_FDCWD, "\(root)/f", [timespec(tv_sec: 1, tv_nsec: 0), timespec(tv_sec: 1, tv_nsec: 0)], 0)
        }
        #expect(touched == base)
        let others = [
            try await digest("executable") { chmod("\($0)/f", 0o755) },
            try await digest("renamed") { rename("\($0)/f", "\($0)/g") },
            try await digest("changed") { try Data("other".utf8).write(to: URL(fileURLWithPath: "\($0)/f")) },
            try await digest("linked") { symlink("f", "\($0)/l") },
            try await digest("empty folder") { mkdir("\($0)/e", 0o755) },
        ]
        #expect(Set(others + [base]).count == others.count + 1)
    }

    @Test func `an artifact states its size, files and formats`() async throws {
        for name in ["m/model.PKL", "m/a/b.onnx", "m/c.onnx", "m/.hidden", "m/README", "m/dot."] {
            try folder.write(name, "1234")
        }
        let artifact = try await store.put(path: folder.path("m"))
        #expect(artifact.size == 24)
        #expect(artifact.fileCount == 6)
        #expect(artifact.formats == ["onnx", "pkl"])
    }

    @Test func `what is written out is a copy with fixed times and modes, never a hard link`() async throws {
        try folder.write("t/data.csv", "1,2")
        try folder.write("t/bin/run", "x", executable: true)
        symlink("data.csv", folder.path("t/link"))
        let tree = try await store.put(path: folder.path("t")).tree
        try await store.materialize(tree, at: folder.path("deep/er/out"))
        let modes = [("", 0o755), ("/data.csv", 0o644), ("/bin", 0o755), ("/bin/run", 0o755), ("/link", 0o777)]
        for (name, mode) in modes {
            var facts = stat()
            #expect(lstat(folder.path("deep/er/out") + name, &facts) == 0)
            #expect(Int(facts.st_mode & 0o777) == mode, "\(name)")
            #expect(facts.st_mtim.tv_sec == 315_532_800, "\(name)")
            if facts.st_mode & S_IFMT == S_IFREG { #expect(facts.st_nlink == 1) }
        }
        // Changing the copy leaves the store as it is.
        try folder.write("deep/er/out/data.csv", "changed")
        try await store.materialize(tree, at: folder.path("again"))
        #expect(try listing(folder.path("again")) == listing(folder.path("t")))
    }

    @Test func `nothing is written over what is there`() async throws {
        let tree = try await store.put(path: folder.write("f", "x")).tree
        try folder.write("there", "mine")
        await #expect { try await store.materialize(tree, at: folder.path("there")) } throws: { error in
            (error as? StorageError)?.code == .alreadyExists && "\(error)".contains(folder.path("there"))
        }
        #expect(try String(contentsOfFile: folder.path("there"), encoding: .utf8) == "mine")
    }

    @Test func `bytes come back by their SHA-256, up to a limit`() async throws {
        let digest = try await store.put(bytes: Array("locked==1.0\n".utf8))
        #expect(digest == Digest.of(Array("locked==1.0\n".utf8)))
        #expect(try await store.read(digest, limit: 12) == Array("locked==1.0\n".utf8))
        await #expect { try await store.read(digest, limit: 11) } throws: { ($0 as? StorageError)?.code == .tooLarge }
        let absent = Digest.of([1])
        await #expect { try await store.read(absent, limit: 1) } throws: { error in
            (error as? StorageError)?.code == .notFound && "\(error)".contains(absent.hex)
        }
        // Pinned data is found by the digest of its bytes alone.
        #expect(try await store.contains(.file(content: digest)))
        #expect(try await store.contains(.file(content: absent)) == false)
    }

    @Test func `a path below a stored folder has a digest that can be written out`() async throws {
        try folder.write("t/a/x.txt", "x")
        try folder.write("t/a/b/y.txt", "y", executable: true)
        try folder.write("t/z.txt", "z")
        mkdir(folder.path("t/empty"), 0o755)
        symlink("a/b", folder.path("t/short"))
        symlink("../z.txt", folder.path("t/a/up"))
        let tree = try await store.put(path: folder.path("t")).tree
        #expect(try await store.entry("", in: tree) == tree)
        #expect(try await store.entry("./", in: tree) == tree)
        #expect(try await store.entry("a/nothing", in: tree) == nil)
        #expect(try await store.entry("z", in: tree) == nil)
        for path in ["a/b/y.txt", "short/y.txt", "a/../a/b/y.txt"] {
            let part = try #require(try await store.entry(path, in: tree))
            #expect(part == .file(content: Digest.of(Array("y".utf8)), executable: true))
            #expect(try await store.contains(part))
        }
        let part = try #require(try await store.entry("a/b/", in: tree))
        try await store.materialize(part, at: folder.path("part"))
        #expect(try listing(folder.path("part")) == listing(folder.path("t/a/b")))
        #expect(try await store.entry("short", in: tree) == part)
        #expect(try await store.entry("empty", in: tree) == TreeNode.folder([]).digest)
        for outside in ["../t", "short/../../../x"] {
            await #expect { try await store.entry(outside, in: tree) } throws: {
                ($0 as? StorageError)?.code == .escapes
            }
        }
        // The folder `a` alone would hold a link that leads out of it.
        await #expect { try await store.entry("a", in: tree) } throws: { error in
            (error as? StorageError)?.code == .escapes && "\(error)".contains("up")
        }
    }
}

/// Folders, files of many sizes, executables, links that stay inside, and names that need care.
struct RandomTree {
    private var files: [(path: String, bytes: [UInt8], executable: Bool)] = []
    private var folders: [String] = [""]
    private var links: [(path: String, target: String)] = []

    init(random: inout SeededRandom) {
        let names = ["a", "b c", "ü", "e\u{301}", "new\nline", "-rf", "日本", ".hidden", "x:1", "% d"]
        for number in 0..<Int.random(in: 0...40, using: &random) {
            let parent = folders[Int.random(in: 0..<folders.count, using: &random)]
            let name = "\(names[Int.random(in: 0..<names.count, using: &random)])\(number)"
            let path = parent.isEmpty ? name : "\(parent)/\(name)"
            switch Int.random(in: 0..<10, using: &random) {
            case 0...2: folders.append(path)
            case 3:
                let depth = parent.isEmpty ? 0 : parent.split(separator: "/").count
                links.append((path, String(repeating: "../", count: depth) + (files.last?.path ?? "absent")))
            default:
                let size = [0, 1, 63, 64, 4096, 300_000][Int.random(in: 0..<6, using: &random)]
                files.append((path, random.bytes(size), Bool.random(using: &random)))
            }
        }
    }

    func write(to root: String) throws {
        for folder in folders {
            try FileManager.default.createDirectory(atPath: "\(root)/\(folder)", withIntermediateDirectories: true)
        }
        for file in files {
            try Data(file.bytes).write(to: URL(fileURLWithPath: "\(root)/\(file.path)"))
            chmod("\(root)/\(file.path)", file.executable ? 0o755 : 0o644)
        }
        for link in links { symlink(link.target, "\(root)/\(link.path)") }
    }
}
