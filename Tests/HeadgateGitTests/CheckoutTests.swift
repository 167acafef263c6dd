import Foundation
import HeadgateCore
import HeadgateGit
import HeadgateTestSupport
import Testing

@Suite struct CheckoutTests {
    @Test func `names resolve as in git`() async throws {
        let repository = try await TemporaryRepository()
        let one = try await repository.commit("One", ["a": "1"])
        try await repository.git("tag", "-a", "-m", "t", "v1.0.0")
        let two = try await repository.commit("Two", ["a": "2", "folder/b": "x"])
        let checkout = try GitCheckout(containing: "\(repository.path)/folder")
        for text in ["v1.0.0", "HEAD~1", "main^", one.hex, one.short, "refs/tags/v1.0.0"] {
            #expect(try await checkout.resolve(text) == one, "\(text)")
        }
        for text in ["HEAD", "main", two.short] { #expect(try await checkout.resolve(text) == two, "\(text)") }
        for text in ["absent", "", "HEAD~9", "HEAD:a", String(repeating: "0", count: 40), "a b", "../x"] {
            let error = try await failure { _ = try await checkout.resolve(text) }
            #expect(error.code == .notFound, "\(text): \(error)")
        }
        #expect(try await checkout.branch() == "main")
        #expect(try await checkout.tip(deadline: patience) == two)
        #expect(checkout.workTree == repository.path)
        #expect(checkout.repositoryPath(of: "\(repository.path)/folder")?.text == "folder")
        #expect(checkout.repositoryPath(of: repository.path) == .root)
        #expect(checkout.repositoryPath(of: "\(repository.path)-other") == nil)
    }

    @Test func `a checkout reads commits and not the work tree`() async throws {
        let repository = try await TemporaryRepository()
        let one = try await repository.commit("One", ["a": "1"])
        try await repository.git("checkout", "-q", "-b", "side")
        let side = try await repository.commit("Side", ["b": "2"])
        try await repository.git("checkout", "-q", "main")
        let main = try await repository.commit("Main", ["a": "3"])
        try repository.write(["a": "uncommitted"])
        let checkout = try GitCheckout(containing: repository.path)
        #expect(try await checkout.mergeBase(side, main) == one)
        #expect(try await checkout.changes(from: one, to: main, below: .root)?.map(\.path.text) == ["a"])
        let entry = try #require(try await checkout.entries([path("a")], at: main)[path("a")])
        #expect(try await checkout.read([entry.id], limit: 10)[entry.id] == Array("3".utf8))
        let target = "\(repository.folder)/out"
        _ = try await checkout.export(entry, to: target)
        #expect(try String(contentsOfFile: target, encoding: .utf8) == "3")
        try await checkout.fetch(main, deadline: patience)
        let absent = try #require(CommitID(String(repeating: "ab", count: 20)))
        #expect(try await failure { try await checkout.fetch(absent, deadline: patience) }.code == .notFound)
    }

    @Test func `a linked work tree reads its repository`() async throws {
        let repository = try await TemporaryRepository()
        try await repository.commit("One", ["a": "1"])
        let linked = "\(repository.folder)/linked"
        try await repository.git("worktree", "add", "-q", "-b", "side", linked)
        let checkout = try GitCheckout(containing: linked)
        let tip = try #require(try await checkout.tip(deadline: patience))
        #expect(try await checkout.branch() == "side")
        let entry = try #require(try await checkout.entries([path("a")], at: tip)[path("a")])
        _ = try await checkout.export(entry, to: "\(repository.folder)/out")
        #expect(checkout.workTree == linked)
    }

    @Test func `a shallow clone is read, and says why it has no merge base`() async throws {
        let repository = try await TemporaryRepository()
        try await repository.commit("One", ["a": "1"])
        let two = try await repository.commit("Two", ["a": "2"])
        let clone = "\(repository.folder)/shallow"
        try await repository.git("clone", "-q", "--depth=1", repository.url, clone)
        let checkout = try GitCheckout(containing: clone)
        #expect(checkout.isShallow)
        #expect(try await checkout.changes(from: nil, to: two, below: .root)?.count == 1)
        let error = try await failure { _ = try await checkout.mergeBase(two, two) }
        #expect(error.code == .unsupported && error.message.contains("--unshallow"))
        #expect(try await failure { _ = try await checkout.resolve("HEAD~1") }.message.contains("shallow"))
    }

    @Test func `partial clones, SHA-256 repositories and other folders are refused`() async throws {
        let repository = try await TemporaryRepository()
        try await repository.commit("One", ["a": "1"])
        try await repository.git("config", "uploadpack.allowFilter", "true")
        let clone = "\(repository.folder)/partial"
        try await repository.git("clone", "-q", "--filter=blob:none", repository.url, clone)
        let modern = try await TemporaryRepository(objectFormat: "sha256")
        let cases = [
            (clone, SourceError.Code.unsupported, "partial clone"), (modern.path, .unsupported, "SHA-256"),
            (repository.folder, .notFound, "not in a Git repository"),
        ]
        for (folder, code, reason) in cases {
            let error = try await failure { _ = try GitCheckout(containing: folder) }
            #expect(error.code == code && error.message.contains(reason), "\(error)")
        }
    }
}
