import Foundation
import HeadgateCore
import HeadgateGit
import HeadgateTestSupport
import Testing

@Suite struct MirrorTests {
    @Test func `a mirror follows a branch of a local repository`() async throws {
        let harness = try await Harness()
        let first = try await harness.upstream.commit("Add a model\n\nIt is small.", ["models/a.yaml": "a"])
        let mirror = try harness.mirror()
        #expect(try await mirror.revision(deadline: patience) == Revision(reference: "main", commit: first))
        #expect(try await mirror.follow() == first)
        #expect(try await mirror.text("models/a.yaml", at: first) == "a")

        let facts = try await mirror.facts(of: first)
        #expect(facts.subject == "Add a model")
        #expect(facts.author == .init(name: "Ada", email: "ada@example.org"))
        #expect(facts.parents == [] && facts.signature == nil && facts.signer == nil)
        #expect(facts.time > Instant(milliseconds: 1_600_000_000_000))

        let second = try await harness.upstream.commit("Change it", ["models/a.yaml": "b", "readme": "r"])
        #expect(try await mirror.follow() == second)
        #expect(try await mirror.facts(of: second).parents == [first])
        let changes = try #require(try await mirror.changes(from: first, to: second, below: path("models")))
        #expect(changes.map(\.path.text) == ["models/a.yaml"])
        #expect(try await mirror.isAncestor(first, of: second))
        #expect(try await mirror.mergeBase(first, second) == first)
    }

    @Test func `a repository without commits has no tip`() async throws {
        let harness = try await Harness()
        #expect(try await harness.mirror().tip(deadline: patience) == nil)
        #expect(try await harness.mirror(.head).tip(deadline: patience) == nil)
    }

    @Test func `the default branch is followed by name`() async throws {
        let harness = try await Harness()
        try await harness.upstream.commit("One", ["a": "1"])
        try await harness.upstream.git("checkout", "-q", "-b", "trunk")
        let tip = try await harness.upstream.commit("Two", ["a": "2"])
        let mirror = try harness.mirror(.head)
        #expect(try await mirror.revision(deadline: patience) == Revision(reference: "trunk", commit: tip))
        #expect(try await mirror.follow() == tip)
    }

    @Test func `tags and ranges of versions resolve to commits`() async throws {
        let harness = try await Harness()
        let repository = harness.upstream
        let one = try await repository.commit("One", ["a": "1"])
        try await repository.git("tag", "v1.0.0")
        let two = try await repository.commit("Two", ["a": "2"])
        try await repository.git("tag", "-a", "-m", "annotated", "v1.2.0")
        let three = try await repository.commit("Three", ["a": "3"])
        try await repository.git("tag", "v2.0.0-rc.1")
        try await repository.commit("Four", ["a": "4"])

        let range = try harness.mirror(.versions(#require(VersionRange("^1"))))
        #expect(try await range.revision(deadline: patience) == Revision(reference: "v1.2.0", commit: two))
        #expect(try await range.follow() == two)
        #expect(try await range.text("a", at: two) == "2")
        // A controller that starts again has not listed anything yet.
        let again = try harness.mirror(.versions(#require(VersionRange(">=2.0.0-0"))))
        try await again.fetch(three, deadline: patience)
        #expect(try await again.text("a", at: three) == "3")
        #expect(try await harness.mirror(.tag("v1.0.0")).follow() == one)
        #expect(try await harness.mirror(.tag("v1.2.0")).follow() == two)
        #expect(try await harness.mirror(.tag("v9")).tip(deadline: patience) == nil)
    }

    @Test func `a commit is followed without asking anyone where it is`() async throws {
        let harness = try await Harness()
        let one = try await harness.upstream.commit("One", ["a": "1"])
        try await harness.upstream.commit("Two", ["a": "2"])
        let mirror = try harness.mirror(.commit(one))
        #expect(try await mirror.tip(deadline: patience) == one)
        #expect(await harness.process.processID == nil)
        try await mirror.fetch(one, deadline: patience)
        #expect(try await mirror.text("a", at: one) == "1")
    }

    @Test func `an old commit of a branch is fetched with the branches`() async throws {
        let harness = try await Harness()
        let one = try await harness.upstream.commit("One", ["a": "1"])
        try await harness.upstream.commit("Two", ["a": "2"])
        let mirror = try harness.mirror(.commit(one))
        try await mirror.fetch(one, deadline: patience)
        let absent = try #require(CommitID(String(repeating: "ab", count: 20)))
        let other = try harness.mirror(.commit(absent))
        #expect(try await failure { try await other.fetch(absent, deadline: patience) }.code == .notFound)
    }

    @Test func `what was fetched once outlives a force-push and a repack`() async throws {
        let harness = try await Harness()
        let base = try await harness.upstream.commit("Base", ["a": "0"])
        let old = try await harness.upstream.commit("Old", ["a": "1", "only-old": "x"])
        let mirror = try harness.mirror()
        try await mirror.follow()
        try await harness.upstream.git("reset", "-q", "--hard", base.hex)
        let new = try await harness.upstream.commit("New", ["a": "2"])
        try await harness.upstream.git("reflog", "expire", "--expire=now", "--all")
        try await harness.upstream.git("gc", "-q", "--prune=now")
        #expect(try await mirror.follow() == new)
        #expect(try await mirror.keptCommits() == [old])
        try await mirror.repack(deadline: patience)
        #expect(try await mirror.text("only-old", at: old) == "x")
        #expect(try await mirror.changes(from: old, to: new, below: .root)?.map(\.path.text) == ["a", "only-old"])

        try await mirror.keep(only: [])
        try await mirror.repack(deadline: patience)
        #expect(try await mirror.changes(from: old, to: new, below: .root) == nil)
        #expect(try await mirror.text("a", at: new) == "2")
    }

    @Test func `a deleted branch has no tip and costs nothing that was fetched`() async throws {
        let harness = try await Harness()
        try await harness.upstream.commit("Base", ["a": "0"])
        try await harness.upstream.git("checkout", "-q", "-b", "side")
        let side = try await harness.upstream.commit("Side", ["a": "1"])
        let mirror = try harness.mirror(.branch("side"))
        try await mirror.follow()
        try await harness.upstream.git("checkout", "-q", "main")
        try await harness.upstream.git("branch", "-q", "-D", "side")
        #expect(try await mirror.tip(deadline: patience) == nil)
        try await mirror.repack(deadline: patience)
        #expect(try await mirror.text("a", at: side) == "1")
    }

    @Test func `a commit that the branch has left in the meantime is an error to retry`() async throws {
        let harness = try await Harness()
        let base = try await harness.upstream.commit("Base", ["a": "0"])
        let gone = try await harness.upstream.commit("Gone", ["a": "1"])
        try await harness.upstream.git("reset", "-q", "--hard", base.hex)
        let mirror = try harness.mirror()
        let error = try await failure { try await mirror.fetch(gone, deadline: patience) }
        #expect(error.code == .notFound && error.mayRetry)
        #expect(error.message.contains("moved on"))
    }

    @Test func `an unrelated history is a difference, not a crash`() async throws {
        let harness = try await Harness()
        let old = try await harness.upstream.commit("Old", ["a": "1", "b": "1"])
        let mirror = try harness.mirror()
        try await mirror.follow()
        try await harness.upstream.git("checkout", "-q", "--orphan", "other")
        let new = try await harness.upstream.commit("New", ["a": "2", "b": "1"])
        try await harness.upstream.git("branch", "-q", "-M", "other", "main")
        #expect(try await mirror.follow() == new)
        #expect(try await mirror.mergeBase(old, new) == nil)
        #expect(try await mirror.changes(from: old, to: new, below: .root)?.map(\.path.text) == ["a"])
    }

    @Test func `a repository that is gone is an error to retry, and its mirror is still read`() async throws {
        let harness = try await Harness()
        let tip = try await harness.upstream.commit("One", ["a": "1"])
        let mirror = try harness.mirror()
        try await mirror.follow()
        try FileManager.default.removeItem(atPath: harness.upstream.path)
        let error = try await failure { _ = try await mirror.tip(deadline: patience) }
        #expect(error.code == .notFound && error.mayRetry)
        let reopened = try harness.mirror()
        #expect(try await reopened.text("a", at: tip) == "1")
    }

    @Test func `fetching what is already there starts no process and writes nothing`() async throws {
        let harness = try await Harness()
        let tip = try await harness.upstream.commit("One", ["a": "1"])
        try await harness.mirror().follow()
        let second = GitRemoteProcess(Harness.helper)
        let mirror = try Mirror(
            of: GitRemote(url: RemoteURL(harness.upstream.url)), .branch("main"), stateFolder: harness.state,
            process: second)
        let before = try files(below: mirror.path)
        try await mirror.fetch(tip, deadline: patience)
        #expect(await second.processID == nil)
        #expect(try files(below: mirror.path) == before)
    }

    @Test func `an idle tick writes nothing`() async throws {
        let harness = try await Harness()
        try await harness.upstream.commit("One", ["a": "1"])
        let mirror = try harness.mirror()
        try await mirror.follow()
        let before = try files(below: mirror.path)
        for _ in 0..<3 { try await mirror.follow() }
        #expect(try files(below: mirror.path) == before)
    }

    @Test func `sixty fetches leave few packs, and everything readable`() async throws {
        let harness = try await Harness()
        let mirror = try harness.mirror()
        let commits = try await harness.upstream.importCommits((0..<60).map { ["a": "\($0)"] })
        for commit in commits {
            try harness.upstream.point("main", at: commit)
            try await mirror.follow()
        }
        let packs = try FileManager.default.contentsOfDirectory(atPath: "\(mirror.path)/objects/pack")
            .filter { $0.hasSuffix(".pack") }
        #expect(packs.count <= 11)
        for (number, commit) in commits.enumerated() {
            #expect(try await mirror.text("a", at: commit) == "\(number)")
        }
    }

    @Test func `leftovers of a killed process are swept when the mirror is opened`() async throws {
        let harness = try await Harness()
        let tip = try await harness.upstream.commit("One", ["a": "1"])
        let path = try harness.mirror().path
        try await harness.mirror().follow()
        let leftovers = [
            "objects/pack/pack_git2_a1b2c3", "objects/pack/tmp_pack_x", "objects/pack/.tmp-12-pack-abc.idx",
            "objects/pack/pack-\(String(repeating: "0", count: 40)).pack", "refs/headgate/tip.lock", "packed-refs.lock",
        ]
        for name in leftovers { try Data("x".utf8).write(to: URL(fileURLWithPath: "\(path)/\(name)")) }
        let mirror = try harness.mirror()
        for name in leftovers { #expect(!FileManager.default.fileExists(atPath: "\(path)/\(name)"), "\(name)") }
        #expect(try await mirror.text("a", at: tip) == "1")
        try await harness.upstream.commit("Two", ["a": "2"])
        try await mirror.follow()
    }

    @Test(arguments: [
        "", "-x", "a..b", "a b", "a:b", "a*", "x.lock", "/a", "a//b", "@{1}", "@", "a\\b", ".a", "a\u{7f}",
    ])
    func `a name that could mean more than a branch is refused`(_ name: String) async throws {
        let harness = try await Harness()
        for reference in [TrackedReference.branch(name), .tag(name)] {
            #expect(throws: SourceError.self) { try harness.mirror(reference) }
        }
    }

    private func files(below folder: String) throws -> [String: Date] {
        var files: [String: Date] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: folder) {
            files[name] =
                try FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")[.modificationDate] as? Date
        }
        return files
    }
}
