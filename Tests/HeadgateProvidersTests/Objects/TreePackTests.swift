import Glibc
import HeadgateCore
import Testing

@testable import HeadgateProviders

@Suite struct TreePackTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    @Test func `what is packed comes out as it was`() throws {
        let source = scratch.path + "/source"
        Files.write("plain", to: source + "/a/plain")
        Files.write("#!/bin/sh\n", to: source + "/run")
        chmod(source + "/run", 0o755)
        Files.createFolders(source + "/empty")
        symlink("a/plain", source + "/link")
        try TreePack.write(source, to: scratch.path + "/pack")
        try TreePack.read(scratch.path + "/pack", to: scratch.path + "/out")
        let before = try FileTree.list(source)
        let after = try FileTree.list(scratch.path + "/out")
        #expect(before.map(\.path) == after.map(\.path))
        #expect(before.map(\.kind) == after.map(\.kind))
        #expect(Files.read(scratch.path + "/out/a/plain") == "plain")
        #expect(LocalFiles.status(scratch.path + "/out/run").map { $0.st_mode & 0o777 } == 0o755)
    }

    @Test func `a single file is packed as a file`() throws {
        Files.write("bytes", to: scratch.path + "/file")
        try TreePack.write(scratch.path + "/file", to: scratch.path + "/pack")
        try TreePack.read(scratch.path + "/pack", to: scratch.path + "/out")
        #expect(Files.read(scratch.path + "/out") == "bytes")
    }

    @Test(arguments: [
        "file 1 6:../esc\nx", "file 1 4:/etc\nx", "folder 4:a/..\n", "file 9 1:a\nshort", "file -1 1:a\n", "file",
        "folder 99999999999:a\n", "device 1:a\n", "file 1 1:a x", "link 2:.. 7:../evil\n", "\u{1} ",
        "file 99999999999999999999 1:a\n",
    ])
    func `a hostile pack is refused and nothing leaves the folder`(_ entries: String) throws {
        Files.write("headgate.dev/pack/1\nfolder 0:\n" + entries, to: scratch.path + "/pack")
        let error = #expect(throws: StorageError.self) {
            try TreePack.read(scratch.path + "/pack", to: scratch.path + "/in/out")
        }
        #expect(error?.code == .corrupted)
        #expect(!Files.exists(scratch.path + "/in/esc"))
        #expect(!Files.exists(scratch.path + "/in/evil"))
    }

    @Test func `nothing is written through a link`() throws {
        Files.createFolders(scratch.path + "/outside")
        let target = scratch.path + "/outside"
        let pack =
            "headgate.dev/pack/1\nfolder 0:\nlink \(target.utf8.count):\(target) 1:a\nfile 1 3:a/b\nx"
        Files.write(pack, to: scratch.path + "/pack")
        try? TreePack.read(scratch.path + "/pack", to: scratch.path + "/out")
        #expect(Files.names(scratch.path + "/outside").isEmpty)
    }
}
