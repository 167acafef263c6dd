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
        try await mirror.export(entry, to: target)

        let names = try FileManager.default.subpathsOfDirectory(atPath: target).sorted()
        #expect(names == ["a", "sub", "sub/run.sh", "sub/up"])
        #expect(try String(contentsOfFile: "\(target)/sub/up", encoding: .utf8) == "alpha")
        for (name, mode) in [("", 0o755), ("a", 0o644), ("sub", 0o755), ("sub/run.sh", 0o755)] {
            let attributes = try FileManager.default.attributesOfItem(atPath: "\(target)/\(name)")
            #expect(attributes[.posixPermissions] as? Int == mode, "\(name)")
            #expect((attributes[.modificationDate] as? Date)?.timeIntervalSince1970 == 315_532_800, "\(name)")
        }
        let error = try await failure { try await mirror.export(entry, to: target) }
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

    @Test func `a submodule and an LFS pointer are refused by name`() async throws {
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

        try await repository.git("rm", "-q", "--cached", "d/module")
        let pointer =
            "version https://git-lfs.github.com/spec/v1\noid sha256:\(String(repeating: "a", count: 64))\nsize 9\n"
        try await repository.commit("Pointer", ["d/data.bin": pointer])
        let lfs = try await refusal(of: "d", in: harness)
        #expect(lfs.code == .unsupported && lfs.message.contains("data.bin is a Git LFS pointer (sha256:aaa"))
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
        let error = try await failure { try await mirror.export(entry, to: target) }
        #expect(!FileManager.default.fileExists(atPath: target))
        return error
    }
}
