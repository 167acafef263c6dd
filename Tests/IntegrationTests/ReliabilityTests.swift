import Foundation
import Testing

/// All strategies at once, under load, while the controller is killed.
@Suite struct ReliabilityTests {
    @Test(.timeLimit(.minutes(10)))
    func `no strategy loses a request, forward or back, with the controller killed and with broken candidates`() throws
    {
        let seed = ProcessInfo.processInfo.environment["RELIABILITY_SEED"] ?? "1"
        try Story.play("Tests/reliability.py", ["--seed", seed])
    }
}
