import Foundation
import Testing

@testable import HeadgateCore

/// Random histories of commits, faults and people; each is replayed exactly by its seed.
@Suite struct SimulationTests {
    @Test(arguments: chunks) func `random histories break no invariant and converge to HEAD`(
        _ seeds: ClosedRange<UInt64>
    ) throws {
        for seed in seeds {
            let play = Play(History(seed: seed))
            guard play.finding != nil else { continue }
            Issue.record("\(Shrinking.report(play))")
            if let path = environment("SIMULATION_TRACE") { try Shrinking.write(play, to: path) }
        }
    }

    @Test(arguments: PlantedFault.all) func `a planted fault is found by some seed`(_ fault: PlantedFault) {
        // Without the fault these seeds find nothing, as the test above says.
        for seed in UInt64(1)...1500 {
            guard let finding = Play(History(seed: seed), fault: fault).finding else { continue }
            #expect(fault.breaks.contains(finding.invariant), "seed \(seed): \(finding)")
            return
        }
        Issue.record("nobody finds it")
    }

    @Test func `a seed plays the same in another process`() async throws {
        if let path = environment(Self.digestsFile) {
            let lines = (UInt64(1)...50).map { String(Play(History(seed: $0)).digest, radix: 16) }
            try lines.joined(separator: "\n").write(toFile: path, atomically: true, encoding: .utf8)
            return
        }
        let files = FileManager.default.temporaryDirectory
            .appendingPathComponent("digests-\(ProcessInfo.processInfo.globallyUniqueString)")
        try FileManager.default.createDirectory(at: files, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: files) }
        var digests: [String] = []
        for run in ["one", "two"] {
            let file = files.appendingPathComponent(run)
            try await Self.playElsewhere(into: file.path)
            digests.append(try String(contentsOf: file, encoding: .utf8))
        }
        #expect(digests[0].split(separator: "\n").count == 50)
        #expect(digests[0] == digests[1])
    }

    private static let digestsFile = "SIMULATION_DIGESTS"

    /// Runs the test above in a process of its own, whose collections are ordered by another hash.
    private static func playElsewhere(into path: String) async throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = [
            "--testing-library", "swift-testing", "--filter", "a seed plays the same in another process",
        ]
        process.environment = ProcessInfo.processInfo.environment.merging([digestsFile: path]) { $1 }
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try await withCheckedThrowingContinuation { (end: CheckedContinuation<Void, any Error>) in
            process.terminationHandler = { _ in end.resume() }
            do { try process.run() } catch { end.resume(throwing: error) }
        }
        try #require(process.terminationStatus == 0)
    }

    /// `SIMULATION_SEEDS=FIRST..LAST` chooses others.
    private static var seeds: ClosedRange<UInt64> {
        let text = environment("SIMULATION_SEEDS") ?? ""
        let bounds = text.split(separator: ".").compactMap { UInt64($0) }
        guard bounds.count == 2, bounds[0] <= bounds[1] else { return 1...2000 }
        return bounds[0]...bounds[1]
    }

    /// Seeds in pieces that are played side by side.
    static var chunks: [ClosedRange<UInt64>] {
        let all = seeds
        return stride(from: all.lowerBound, through: all.upperBound, by: 20).map { $0...min($0 + 19, all.upperBound) }
    }
}
