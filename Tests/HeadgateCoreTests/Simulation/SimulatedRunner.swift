@testable import HeadgateCore

/// Processes under shims: they outlive the controller, and end by themselves, at their deadline or when cancelled.
struct SimulatedRunner {
    struct Process {
        let launch: StepLaunch
        let started: Instant
        var ends: Instant
        var outcome: StepOutcome
    }

    private(set) var processes: [RunID: Process] = [:]
    /// Every run that was really started, in order; adopting is not starting.
    private(set) var started: [StepLaunch] = []
    /// What happens to the steps that start next.
    var faults: [Act.StepFault] = []
    var isDiskFull = false

    /// Starts a run or adopts it; gives it and whether its answer is lost.
    mutating func run(_ launch: StepLaunch, _ time: Instant) -> (process: Process, isNew: Bool, isLost: Bool) {
        if let known = processes[launch.run] { return (known, false, false) }
        started.append(launch)
        let fault = faults.isEmpty ? nil : faults.removeFirst()
        var process = Process(
            launch: launch, started: time, ends: time + .seconds(10), outcome: Self.outcome(of: launch, time))
        switch fault {
        case .hangs:
            process.ends = time + launch.timeout
            process.outcome = .errored(StepError(.timedOut, "longer than \(launch.timeout.text)", mayRetry: true))
        case .dies:
            process.ends = time + .seconds(3)
            process.outcome = .errored(StepError(.signalled, "killed by signal 9", mayRetry: true))
        case .isSlow: process.ends = time + .seconds(400)
        case .isLost, nil: break
        }
        if isDiskFull {
            process.ends = time + .seconds(1)
            process.outcome = .errored(StepError(.diskFull, "no space left on device", mayRetry: true))
        }
        processes[launch.run] = process
        return (process, true, fault == .isLost)
    }

    /// Ends a run; gives its outcome, which is its own if it had one already.
    mutating func cancel(_ run: RunID, _ time: Instant) -> StepOutcome {
        guard var process = processes[run] else { return .cancelled }
        guard process.ends > time else { return process.outcome }
        process.ends = time + .milliseconds(50)
        process.outcome = .cancelled
        processes[run] = process
        return .cancelled
    }

    func isLive(_ run: RunID, _ time: Instant) -> Bool { processes[run].map { $0.ends > time } ?? false }

    func live(_ time: Instant) -> [StepLaunch] {
        processes.values.filter { $0.ends > time }.map(\.launch).sorted { $0.run < $1.run }
    }

    /// A step's outputs follow from its key, and its metrics from the params in its command.
    private static func outcome(of launch: StepLaunch, _ time: Instant) -> StepOutcome {
        let argument = launch.command.last ?? ""
        if launch.step.text == "train", Double(argument) == 13 { return .failed(exitCode: 3, message: "said no") }
        var builder = DigestBuilder(domain: "test/output")
        builder.add("key", launch.key.digest)
        let artifact = StoredArtifact(tree: TreeDigest(builder.finish()), size: 10, fileCount: 1, formats: ["bin"])
        var metrics: JSONValue?
        if launch.metrics != nil { metrics = .object(Double(argument).map { ["accuracy": .number($0)] } ?? [:]) }
        return .succeeded(
            StepResult(
                outputs: Dictionary(launch.outputs.map { ($0, artifact) }) { first, _ in first }, metrics: metrics,
                started: time, ended: time))
    }
}
