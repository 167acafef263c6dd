import Foundation
import HeadgateCore
import HeadgateGit
import HeadgateTestSupport
import Testing

@Suite struct ExportTests {
    @Test func `a folder is written with fixed modes and times`() async throws {
        let harness = try await Harness()
        let repository = harness.upstream
        try repository.write(["d/a": "alpha", "d/sub/run.sh": "#!/bin/sh\n", "other": "no"])
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o755], ofItemAtPath: "\(repository.path)/d/sub/run.sh")
        try FileManager.default.createSymbolicLink(atPath: "\(repository.path)/d/sub/up", withDestinationPath: "../a")
        let tip = try await repository.commit("Files")
        let mirror = try harness.mirror()
        try await mirror.follow()
        let entry = try #require(try await mirror.entries([path("d")], at: tip)[path("d")])
        let target = harness.freshPath()
        _ = try await mirror.export(entry, to: target)

        let names = try FileManager.default.subpathsOfDirectory(atPath: target).sorted()
        #expect(names == ["a", "sub", "sub/run.sh", "sub/up"])
        #expect(try String(contentsOfFile: "\(target)/sub/up", encoding: .utf8) == "alpha")
        for (name, mode) in [("", 0o755), ("a", 0o644), ("sub", 0o755), ("sub/run.sh", 0o755)] {
            let attributes = try FileManager.default.attributesOfItem(atPath: "\(target)/\(name)")
            #expect(attributes[.posixPermissions] as? Int == mode, "\(name)")
            #expect((attributes[.modificationDate] as? Date)?.timeIntervalSince1970 == 315_532_800, "\(name)")
        }
        let error = try await failure { _ = try await mirror.export(entry, to: target) }
        #expect(error.message.contains("exists already"))
    }

    @Test(arguments: ["/etc/passwd", "../../out", "sub/../../../out", "x/..", "", "../../d/a"])
    func `a link that could lead out is refused by name`(_ destination: String) async throws {
        let harness = try await Harness()
        let repository = harness.upstream
        try repository.write(["d/sub/x": "1", "link-target": destination])
        let blob = try await repository.git("hash-object", "-w", "link-target")
        try await repository.git("add", "d")
        try await repository.git("update-index", "--add", "--cacheinfo", "120000,\(blob),d/sub/link")
        try await repository.git("commit", "-q", "-m", "Link")
        let error = try await refusal(of: "d", in: harness)
        #expect(error.code == .unsupported && error.message.contains("sub/link"))
    }

    @Test func `a submodule is refused by name`() async throws {
        let harness = try await Harness()
        let repository = harness.upstream
        let tip = try await repository.commit("One", ["d/x": "1"])
        try await repository.git("update-index", "--add", "--cacheinfo", "160000,\(tip.hex),d/module")
        try await repository.git("commit", "-q", "-m", "Submodule")
        let mirror = try harness.mirror()
        let changes = try await mirror.changes(from: tip, to: mirror.follow(), below: .root)
        #expect(changes == [PathChange(path: try path("d/module"), entry: TrackedEntry(mode: .submodule, id: tip.hex))])
        let submodule = try await refusal(of: "d", in: harness)
        #expect(submodule.code == .unsupported && submodule.message.contains("module is a submodule"))
    }

    private static let object = String(repeating: "a", count: 64)

    private static func pointer(_ lines: String) -> String {
        "version https://git-lfs.github.com/spec/v1\n\(lines)\n"
    }

    @Test func `files that Git LFS keeps are left out and named`() async throws {
        let harness = try await Harness()
        let tip = try await harness.upstream.commit(
            "Pointer", ["d/sub/data.bin": Self.pointer("oid sha256:\(Self.object)\nsize 9"), "d/x": "1"])
        let mirror = try harness.mirror()
        try await mirror.follow()
        let entry = try #require(try await mirror.entries([path("d")], at: tip)[path("d")])
        let target = harness.freshPath()
        let file = LargeFile(
            path: try path("sub/data.bin"), sha256: try #require(Digest(Self.object)), size: 9, isExecutable: false)
        #expect(try await mirror.export(entry, to: target) == [file])
        #expect(try FileManager.default.subpathsOfDirectory(atPath: target).sorted() == ["sub", "x"])
        #expect(mirror.largeFiles == .folder(harness.upstream.path + "/.git/lfs"))
    }

    @Test(arguments: [
        ("oid sha256:\(object)", "it says no size"),
        ("oid sha256:\(object)\nsize -1", "it says no size"),
        ("oid md5:\(object)\nsize 9", "it names no content"),
        ("oid sha256:aa\nsize 9", "it names no content"),
        ("oid sha256:\(object)\nsize 9\nsize 8", "'size 8' is not like"),
        ("ext-0-crypt sha256:\(object)\noid sha256:\(object)\nsize 9", "an extension of Git LFS"),
        ("<script>", "'<script>' is not like"),
    ])
    func `a pointer of Git LFS that cannot be followed is refused by name`(_ lines: String, _ reason: String)
        async throws
    {
        let harness = try await Harness()
        try await harness.upstream.commit("Pointer", ["d/data.bin": Self.pointer(lines)])
        let error = try await refusal(of: "d", in: harness)
        #expect(error.code == .unsupported)
        #expect(error.message.contains("data.bin is a Git LFS pointer that cannot be followed"))
        #expect(error.message.contains(reason), "\(error.message)")
    }

    @Test(arguments: [
        ("https://git.example/team/models.git", "https://git.example/team/models.git/info/lfs"),
        ("https://ada@git.example:8443/team/models/", "https://git.example:8443/team/models.git/info/lfs"),
        ("http://127.0.0.1:3000/models?x#y", "http://127.0.0.1:3000/models.git/info/lfs"),
    ])
    func `contents of large files are asked for beside the repository`(_ url: String, _ server: String) throws {
        let open = try GitRemote(url: RemoteURL(url))
        #expect(open.largeFiles == .server(LargeFileServer(url: server, authorization: nil)))
        let closed = try GitRemote(url: RemoteURL(url), credentials: .password(user: "ada", .init("s3cret")))
        let wanted = LargeFileServer(url: server, authorization: Secret("Basic YWRhOnMzY3JldA=="))
        #expect(closed.largeFiles == .server(wanted))
        #expect(!String(reflecting: closed.largeFiles).contains("YWRh"))
    }

    @Test func `an export may not be larger than its limit`() async throws {
        let harness = try await Harness()
        try await harness.upstream.commit("Files", ["d/a": "12345", "d/b": "67890"])
        let error = try await refusal(of: "d", in: harness, limits: GitLimits(exportBytes: 9))
        #expect(error.code == .tooLarge)
    }

    /// Why a folder at the tip is not exported; nothing may be left of the attempt.
    private func refusal(
        of folder: String, in harness: Harness, limits: GitLimits = GitLimits()
    ) async throws -> SourceError {
        let mirror = try harness.mirror(limits: limits)
        let tip = try await mirror.follow()
        let entry = try #require(try await mirror.entries([path(folder)], at: tip)[path(folder)])
        let target = harness.freshPath()
        let error = try await failure { _ = try await mirror.export(entry, to: target) }
        #expect(!FileManager.default.fileExists(atPath: target))
        return error
    }
}
