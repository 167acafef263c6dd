import Foundation
import Glibc
import HeadgateCore
import HeadgateStore
import Testing

struct StateFolderTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func `a second opener is refused and told the owner's process`() throws {
        let path = folder.path("state")
        let first = try StateFolder(path)
        #expect(StateFolder.owner(of: first.layout) == getpid())
        #expect {
            _ = try StateFolder(path)
        } throws: { error in
            (error as? StateFolderError)?.code == .locked && "\(error)".contains("process \(getpid())")
                && "\(error)".contains(path)
        }
        withExtendedLifetime(first) {}
    }

    @Test func `the lock ends with its owner, and with a process that is killed`() async throws {
        let path = folder.path("state")
        do { _ = try StateFolder(path) }
        #expect(StateFolder.owner(of: StateLayout(path)) == nil)
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            let state = try StateFolder(path)
            kill(getpid(), SIGKILL)
            withExtendedLifetime(state) {}
        }
        _ = try StateFolder(path)
    }

    @Test func `the lock that is given back is free, even while a half-made child has its descriptor`() throws {
        let path = folder.path("state")
        var copy: Int32 = -1
        do {
            let state = try StateFolder(path)
            copy = try copyOfDescriptor(of: state.layout.lock)
            withExtendedLifetime(state) {}
        }
        defer { close(copy) }
        _ = try StateFolder(path)
    }

    /// What a child has between its fork and its exec: the same open file under another number.
    private func copyOfDescriptor(of path: String) throws -> Int32 {
        let numbers = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap { Int32($0) }
        let held = numbers.first {
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)")) == path
        }
        return fcntl(try #require(held), F_DUPFD_CLOEXEC, 3)
    }

    @Test func `a child process does not keep the lock`() throws {
        let path = folder.path("state")
        var child = pid_t()
        do {
            let state = try StateFolder(path)
            let arguments = [strdup("sleep"), strdup("30"), nil]
            defer { arguments.forEach { free($0) } }
            #expect(posix_spawn(&child, "/bin/sleep", nil, nil, arguments, nil) == 0)
            withExtendedLifetime(state) {}
        }
        defer {
            kill(child, SIGKILL)
            waitpid(child, nil, 0)
        }
        _ = try StateFolder(path)
    }

    @Test func `every folder is for its owner only`() throws {
        let state = try StateFolder(folder.path("a/b/state"))
        for path in state.layout.folders {
            var facts = stat()
            #expect(stat(path, &facts) == 0)
            #expect(facts.st_mode & 0o777 == 0o700, "\(path)")
        }
    }

    @Test func `a folder that others could read is closed to them`() throws {
        mkdir(folder.path("state"), 0o755)
        let state = try StateFolder(folder.path("state/"))
        #expect(state.layout.root == folder.path("state"))
        var facts = stat()
        #expect(stat(folder.path("state"), &facts) == 0 && facts.st_mode & 0o777 == 0o700)
    }

    @Test func `a path too long for a socket is refused before anything is made`() throws {
        let path = folder.path(String(repeating: "long/", count: 20) + "state")
        #expect {
            _ = try StateFolder(path)
        } throws: { error in
            (error as? StateFolderError)?.code == .pathTooLong && "\(error)".contains("107")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
        let longest = "/" + String(repeating: "x", count: 106)
        #expect(throws: Never.self) { try StateLayout.check(socket: longest) }
        #expect(throws: StateFolderError.self) { try StateLayout.check(socket: longest + "x") }
    }

    @Test func `a file where the folder should be is an error that names it`() throws {
        try folder.write("state", "a file")
        #expect {
            _ = try StateFolder(folder.path("state"))
        } throws: { "\($0)".contains(folder.path("state")) }
    }
}
