import Foundation
import HeadgateCore
import HeadgateTestSupport
import Testing

@testable import HeadgateGit

@Suite struct MirrorFolderTests {
    @Test func `packs are joined without Git as well`() async throws {
        let harness = try await Harness()
        let mirror = try harness.mirror()
        var commits: [CommitID] = []
        for number in 0..<5 {
            commits.append(try await harness.upstream.commit("\(number)", ["folder/a": "\(number)"]))
            try await mirror.follow()
        }
        let folder = MirrorFolder(path: mirror.path)
        #expect(folder.packCount == 5)
        try folder.repackByLibrary()
        #expect(folder.packCount == 1)
        for (number, commit) in commits.enumerated() {
            #expect(try await mirror.text("folder/a", at: commit) == "\(number)")
            #expect(try await harness.mirror().text("folder/a", at: commit) == "\(number)")
        }
        try await TemporaryRepository.run("git", ["--git-dir", mirror.path, "fsck", "--full", "--strict"])
        try folder.repackByLibrary()
        #expect(folder.packCount == 1)
    }

    @Test(arguments: [
        ("a", 0, true), ("a/b", 0, true), ("../a", 1, true), ("../../a", 2, true), ("./a", 0, true), ("..", 1, true),
        ("..", 0, false), ("../a", 0, false), ("a/..", 1, false), ("b/b/../../..", 3, false), ("/a", 5, false),
        ("", 0, false),
    ])
    func `a link stays when it can only lead inside`(_ destination: String, _ depth: Int, _ stays: Bool) {
        #expect(TreeExport.stays(destination, depth: depth) == stays)
    }
}
