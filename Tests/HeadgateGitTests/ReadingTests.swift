import Foundation
import HeadgateCore
import HeadgateGit
import HeadgateTestSupport
import Testing

@Suite struct ReadingTests {
    @Test func `differences name what changed below the folder and nothing else`() async throws {
        let harness = try await Harness()
        let repository = harness.upstream
        let old = try await repository.commit(
            "Old",
            [
                "m/same/x": "x", "m/edit": "1", "m/gone/deep/y": "y", "m/becomes-file/z": "z", "m/becomes-folder": "f",
                "m/run.sh": "s", "elsewhere": "1",
            ])
        try FileManager.default.removeItem(atPath: "\(repository.path)/m/becomes-file")
        try FileManager.default.removeItem(atPath: "\(repository.path)/m/becomes-folder")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: "\(repository.path)/m/run.sh")
        let new = try await repository.commit(
            "New",
            [
                "m/edit": "2", "m/gone/deep/y": nil, "m/becomes-file": "file", "m/becomes-folder/w": "w", "m/new": "n",
                "elsewhere": "2",
            ])
        let mirror = try harness.mirror()
        try await mirror.follow()
        let changes = try #require(try await mirror.changes(from: old, to: new, below: path("m")))
        let modes = Dictionary(
            uniqueKeysWithValues: changes.filter { $0.entry != nil }.map { ($0.path.text, $0.entry?.mode) })
        #expect(
            modes == [
                "m/edit": .file, "m/becomes-file": .file, "m/becomes-folder/w": .file, "m/new": .file,
                "m/run.sh": .executable,
            ])
        let gone = Set(changes.filter { $0.entry == nil }.map(\.path.text))
        #expect(gone == ["m/gone/deep/y", "m/becomes-file/z", "m/becomes-folder"])
        #expect(try await mirror.changes(from: new, to: new, below: .root) == [])
        let all = try #require(try await mirror.changes(from: nil, to: new, below: path("m")))
        #expect(Set(all.map(\.path.text)) == Set(modes.keys).union(["m/same/x"]))
    }

    @Test func `a folder that is missing is an error, not an empty folder`() async throws {
        let harness = try await Harness()
        let old = try await harness.upstream.commit("Old", ["a": "1"])
        let new = try await harness.upstream.commit("New", ["m/x": "1"])
        let mirror = try harness.mirror()
        try await mirror.follow()
        for folder in ["absent", "a"] {
            let error = try await failure { _ = try await mirror.changes(from: nil, to: new, below: path(folder)) }
            #expect(error.code == .notFound && error.message.contains(folder))
        }
        // A folder that is new has no older state: all of it is added.
        #expect(try await mirror.changes(from: old, to: new, below: path("m"))?.map(\.path.text) == ["m/x"])
    }

    @Test func `entries answer for many paths at once`() async throws {
        let harness = try await Harness()
        let repository = harness.upstream
        var files: [String: String?] = ["top": "t"]
        for number in 0..<200 { files["m/\(number % 7)/f\(number)"] = "\(number)" }
        try await repository.commit("Files", files)
        try FileManager.default.createSymbolicLink(atPath: "\(repository.path)/m/link", withDestinationPath: "0/f0")
        let tip = try await repository.commit("Link")
        let mirror = try harness.mirror()
        try await mirror.follow()
        let asked = try (0..<200).map { try path("m/\($0 % 7)/f\($0)") }
        let others = try ["m", "m/3", "m/link", "top", "absent", "m/0/f0/below-a-file", "m/link/f0"].map {
            try path($0)
        }
        let found = try await mirror.entries(asked + others + [.root], at: tip)
        #expect(found.count == 205)
        #expect(found[.root]?.mode == .directory)
        #expect(found[try path("m/3")]?.mode == .directory)
        #expect(found[try path("m/link")]?.mode == .link)
        let expected = try await repository.git("rev-parse", "HEAD:m/3/f10", "HEAD:m/3", "HEAD^{tree}")
        let ids = try [path("m/3/f10"), path("m/3"), .root].compactMap { found[$0]?.id }
        #expect(ids.joined(separator: "\n") == expected)
    }

    @Test func `a file's size is asked before the file is read`() async throws {
        let harness = try await Harness()
        let tip = try await harness.upstream.commit(
            "Files", ["big": String(repeating: "x", count: 5000), "folder/x": "1"])
        let mirror = try harness.mirror()
        try await mirror.follow()
        let found = try await mirror.entries([path("big"), path("folder")], at: tip)
        let big = try #require(found[try path("big")])
        #expect(try await mirror.read([big.id], limit: 5000)[big.id]?.count == 5000)
        #expect(try await failure { _ = try await mirror.read([big.id], limit: 4999) }.code == .tooLarge)
        let folder = try #require(found[try path("folder")])
        #expect(try await failure { _ = try await mirror.read([folder.id], limit: 9999) }.code == .notFound)
        #expect(try await failure { _ = try await mirror.read(["zz"], limit: 1) }.code == .notFound)
    }

    @Test func `names that no manifest could write are passed over and reported`() async throws {
        let harness = try await Harness()
        let repository = harness.upstream
        try await repository.commit("Plain", ["m/plain": "p"])
        let plain = try await repository.git("rev-parse", "HEAD:m/plain")
        // Entries as `git mktree` takes them: a name that is not UTF-8, and one with a backslash.
        let list =
            Data("100644 blob \(plain)\tb\\c\n100644 blob \(plain)\tn\n100644 blob \(plain)\to".utf8) + [0xff, 0x0a]
        let tree = try await makeTree(list, in: repository)
        let root = try await makeTree(Data("040000 tree \(tree)\tm\n".utf8), in: repository)
        let commit = try await repository.git("commit-tree", "-m", "Odd names", "-p", "HEAD", root)
        try await repository.git("update-ref", "refs/heads/main", commit)
        let mirror = try harness.mirror()
        let tip = try await mirror.follow()
        let report = try #require(try await mirror.report(from: nil, to: tip, below: path("m")))
        #expect(report.changes.map(\.path.text) == ["m/n"])
        #expect(report.skipped == ["m/b\\c", "m/o\u{fffd}"])
        let folder = try #require(try await mirror.entries([path("m")], at: tip)[path("m")])
        let error = try await failure { _ = try await mirror.export(folder, to: harness.freshPath()) }
        #expect(error.code == .unsupported)
    }

    @Test func `a tree that repeats itself without end is refused`() async throws {
        let harness = try await Harness()
        let repository = harness.upstream
        try await repository.commit("Plain", ["x": "p"])
        var list = "100644 blob \(try await repository.git("rev-parse", "HEAD:x"))\tx\n"
        for _ in 0..<8 {
            let tree = try await makeTree(Data(list.utf8), in: repository)
            list = (0..<10).map { "040000 tree \(tree)\tf\($0)\n" }.joined()
        }
        let root = try await makeTree(Data(list.utf8), in: repository)
        let commit = try await repository.git("commit-tree", "-m", "Bomb", root)
        try await repository.git("update-ref", "refs/heads/main", commit)
        let mirror = try harness.mirror(limits: GitLimits(files: 10_000))
        let tip = try await mirror.follow()
        let error = try await failure { _ = try await mirror.changes(from: nil, to: tip, below: .root) }
        #expect(error.code == .tooLarge)
        let path = harness.freshPath()
        let entry = try #require(try await mirror.entries([.root], at: tip)[.root])
        #expect(try await failure { _ = try await mirror.export(entry, to: path) }.code == .tooLarge)
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    private func makeTree(_ list: Data, in repository: TemporaryRepository) async throws -> String {
        let file = "\(repository.folder)/\(UUID().uuidString)"
        try list.write(to: URL(fileURLWithPath: file))
        return try await TemporaryRepository.run("sh", ["-c", "git mktree < '\(file)'"], in: repository.path)
    }
}
