import Foundation
import Glibc
import HeadgateCore
import HeadgateStore
import Testing

struct LedgerCrashTests {
    /// A process writes batches without end and is killed at some moment; each batch is there as a whole or not at all.
    @Test func `a batch is whole or absent after a kill in the middle of commits`() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("ledger.sqlite")
        var random = SeededRandom(seed: 20)
        var survived = 0
        for _ in 0..<12 {
            let delay = UInt32.random(in: 500...60_000, using: &random)
            await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String, delay = delay as UInt32] in
                let ledger = try SQLiteLedger(path: path)
                let samples = try #require(Samples())
                let first = try await ledger.load().sources.first?.problem.flatMap(Int.init) ?? 0
                var batch = first
                while true {
                    batch += 1
                    var records: [LedgerRecord] = [.source(SourceRecord(name: samples.source, problem: "\(batch)"))]
                    for number in 0..<20 {
                        let text = "\(batch).\(number)"
                        records += [
                            .run(samples.run(text)), .step(samples.step(text)), .event(samples.event(text)),
                            .version(samples.version(text)), .assessment(samples.assessment(text)),
                        ]
                    }
                    try await ledger.commit(records)
                    // What was reported as committed must be there, whatever happens next.
                    let text = Array("\(batch)".utf8)
                    let mark = open(path + ".mark", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
                    pwrite(mark, text, text.count, 0)
                    close(mark)
                    guard batch == first + 1 else { continue }
                    Thread.detachNewThread {
                        usleep(delay)
                        kill(getpid(), SIGKILL)
                    }
                }
            }
            let ledger = try SQLiteLedger(path: path)
            let contents = try await ledger.load()
            let batches = contents.sources.first?.problem.flatMap(Int.init) ?? 0
            #expect(contents.steps.count == batches * 20)
            #expect(contents.versions.count == batches * 20)
            #expect(contents.assessments.count == batches * 20)
            #expect(try await ledger.newestEvent() == Int64(batches * 20))
            #expect(try await ledger.check().isEmpty)
            let marked = (try? String(contentsOfFile: path + ".mark", encoding: .utf8)).flatMap(Int.init) ?? 0
            #expect(batches >= marked)
            #expect(batches > survived)
            survived = batches
            try ledger.close()
        }
    }
}
