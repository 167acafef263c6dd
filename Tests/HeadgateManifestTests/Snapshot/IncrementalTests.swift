import HeadgateCore
import Testing

@testable import HeadgateManifest

struct IncrementalTests {
    /// The same numbers for the same seed, in every process.
    private struct Dice: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    @Test(arguments: 1...12)
    func `what commits lead to step by step is what the last one leads to at once`(_ seed: UInt64) async throws {
        var dice = Dice(state: seed)
        let folder = seed.isMultiple(of: 3) ? "a" : ""
        var following = try Following(folder: folder)
        var files = ["a/keep": "1"]
        try await following.take(files)
        for step in 0..<40 {
            for _ in 0..<Int.random(in: 1...3, using: &dice) { Self.edit(&files, &dice) }
            let before = following.desired
            let commit = try following.repository.commit(files)
            let changed = try following.builder.commit(
                try await following.builder.prepare(commit, from: following.repository))
            var scratch = SnapshotBuilder(
                source: try source(), folder: try #require(RepositoryPath(folder)), lastGood: before)
            _ = try scratch.commit(try await scratch.prepare(commit, from: following.repository))
            let place: Comment = "seed \(seed), step \(step)"
            #expect(following.desired.diagnostics == scratch.desired.diagnostics, place)
            #expect(following.desired.quarantined == scratch.desired.quarantined, place)
            #expect(following.desired.unreadable == scratch.desired.unreadable, place)
            let isSame = following.desired == scratch.desired
            #expect(isSame, place)
            #expect(changed == Self.difference(before, following.desired), place)
            guard isSame else { return }
        }
    }

    private static func difference(_ old: DesiredState, _ new: DesiredState) -> Set<ObjectID> {
        guard let source = SourceName("main") else { return [] }
        return Set(old.ids(in: source) + new.ids(in: source) + old.quarantined.keys + new.quarantined.keys).filter {
            id in
            let same =
                switch id.kind {
                case .model: ModelName(id.name).map { old.models[$0] == new.models[$0] }
                case .policy: PolicyName(id.name).map { old.policies[$0] == new.policies[$0] }
                case .deployment: DeploymentName(id.name).map { old.deployments[$0] == new.deployments[$0] }
                case .target: TargetName(id.name).map { old.targets[$0] == new.targets[$0] }
                }
            return same != true || old.quarantined[id] != new.quarantined[id]
        }
    }

    private static func edit(_ files: inout [String: String], _ dice: inout Dice) {
        let folder = ["a", "a/b", "c"].randomElement(using: &dice) ?? "a"
        let number = Int.random(in: 0..<4, using: &dice)
        switch Int.random(in: 0..<10, using: &dice) {
        case 0...4: files["\(folder)/\(number).yaml"] = manifests(&dice)
        case 5: files["\(folder)/\(number).yaml"] = nil
        case 6: files["\(folder)/data/\(number)"] = "\(dice.next() % 3)"
        case 7: files["\(folder)/data/\(number)"] = nil
        case 8:
            let moved = files.removeValue(forKey: "\(folder)/\(number).yaml")
            files["a/moved\(number).yml"] = moved
        default: files["\(folder)/other.yaml"] = "apiVersion: v\(number)\nkind: Model"
        }
    }

    private static func manifests(_ dice: inout Dice) -> String {
        (0..<Int.random(in: 1...3, using: &dice)).map { _ in manifest(&dice) }.joined(separator: "---\n")
    }

    private static func manifest(_ dice: inout Dice) -> String {
        func name(_ letter: String) -> String { letter + String(Int.random(in: 0..<4, using: &dice)) }
        func document(_ kind: String, _ name: String, _ spec: String) -> String {
            "apiVersion: headgate.dev/v1\nkind: \(kind)\nmetadata: {name: \(name)}\nspec: \(spec)\n"
        }
        let slip = Int.random(in: 0..<8, using: &dice)
        if slip == 0 { return "apiVersion: headgate.dev/v1\nkind: Modle\nmetadata: {name: \(name("m"))}\n" }
        if slip == 1 { return "apiVersion: headgate.dev/v1\nkind: Policy\nmetadata: {name: \(name("p"))}\nspec: [\n" }
        switch Int.random(in: 0..<4, using: &dice) {
        case 0:
            let input = ["data/", "../data/1", "data/2"].randomElement(using: &dice) ?? ""
            return document(
                "Model", name("m"),
                "{pipeline: {steps: [{name: s, command: [x], inputs: [\(input)], outputs: [o]}]}, artifact: o, policies: [\(name("p"))]}"
            )
        case 1:
            return document(
                "Policy", name("p"), "{at: [plan], rules: [{name: r, expression: '\(dice.next() % 3) > 1'}]}")
        case 2:
            return document(
                "Deployment", name("d"),
                "{model: \(name("m")), target: \(["local", "t1"].randomElement(using: &dice) ?? ""), dependsOn: [{kind: Deployment, name: \(name("d"))}]}"
            )
        default:
            return document(
                "Target", ["local", "t1"].randomElement(using: &dice) ?? "", "{local: {port: \(dice.next() % 3)}}")
        }
    }
}
