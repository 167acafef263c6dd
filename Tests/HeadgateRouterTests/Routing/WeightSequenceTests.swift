import HeadgateCore
import Testing

@testable import HeadgateRouter

@Suite struct WeightSequenceTests {
    @Test(arguments: [
        ["a": 100], ["a": 90, "b": 10], ["a": 99, "b": 1], ["a": 50, "b": 50], ["a": 33, "b": 33, "c": 34],
        ["a": 1, "b": 2, "c": 97], ["a": 0, "b": 100], ["a": 7, "b": 11, "c": 13, "d": 69],
    ])
    func `any 100 consecutive turns hold every weight exactly`(_ weights: [String: Int]) throws {
        let sequence = try #require(WeightSequence(weights))
        let turns = (0..<1000).map { _ in sequence.versions[sequence.next()] }
        for start in 0...900 {
            var counts: [String: Int] = [:]
            for turn in turns[start..<(start + 100)] { counts[turn, default: 0] += 1 }
            #expect(counts == weights.filter { $0.value > 0 })
        }
    }

    @Test func `turns taken by many at once are exact`() async throws {
        let sequence = try #require(WeightSequence(["a": 83, "b": 17]))
        let counts = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<8 { group.addTask { (0..<1000).count { _ in sequence.next() == 1 } } }
            return await group.reduce(0, +)
        }
        #expect(counts == 8000 * 17 / 100)
    }

    @Test func `a rare version comes evenly, not in a row`() throws {
        let sequence = try #require(WeightSequence(["a": 90, "b": 10]))
        let turns = (0..<100).map { _ in sequence.next() }
        #expect(zip(turns, turns.dropFirst()).allSatisfy { $0 + $1 < 2 })
    }

    @Test func `no weights, no turns`() {
        #expect(WeightSequence([:]) == nil)
        #expect(WeightSequence(["a": 0]) == nil)
    }
}

@Suite struct StickyHashTests {
    @Test func `shares of callers come close to the percentage`() {
        let count = (0..<20000).count { StickyHash.of("m".utf8, "user-\($0)".utf8) % 100 < 10 }
        #expect((1800...2200).contains(count))
    }

    @Test func `the hash is the same in every process`() {
        #expect(StickyHash.of("m".utf8, "user-1".utf8) == 0x6507_ccc0_c66c_fee6)
    }
}

@Suite struct RoutingTableTests {
    private func table(_ prefixes: [String]) -> RoutingTable {
        RoutingTable(
            Dictionary(
                uniqueKeysWithValues: prefixes.map { prefix in
                    let backend = RouterBackend(endpoints: ["127.0.0.1:1"], preview: true)
                    let version = "sha256:0123456789abcdef"
                    let spec = RouterDeployment(prefix: prefix, backends: [version: backend], weights: [version: 100])
                    let traffic = [version: VersionTraffic(version: version, shards: 1)]
                    return (prefix, DeploymentRuntime(name: prefix, table: spec, traffic: traffic, previous: nil))
                }))
    }

    @Test(arguments: [
        ("/a", "/a", 2), ("/a/", "/a", 2), ("/a/x", "/a", 2), ("/a/b", "/a/b", 4), ("/a/b/c", "/a/b", 4),
        ("/a/bc", "/a", 2), ("/ab", nil, 0), ("/", nil, 0), ("", nil, 0), ("/x/a", nil, 0), ("/ccc/1", "/ccc", 4),
        ("/a@0123456789ab", "/a", 15), ("/a@0123456789ab/x", "/a", 15), ("/a/b@0123456789ab/x", "/a/b", 17),
        ("/a@0123456789ac/x", nil, 0), ("/a@/x", nil, 0), ("/a/b@nobody/x", "/a", 2),
    ])
    func `the longest prefix of whole segments wins`(_ path: String, _ prefix: String?, _ length: Int) {
        let table = table(["/a", "/a/b", "/ccc"])
        let match = Array(path.utf8).withUnsafeBytes { table.match($0) }
        #expect(match?.deployment.name == prefix)
        #expect(match?.length ?? 0 == length)
        #expect((match?.preview != nil) == (path.contains("@") && length > 4))
    }
}
