import HeadgateCore

/// What is kept of one run, in `runs/<run>`.
struct RunFolder: Hashable, Sendable {
    /// Facts about how a run was executed, for whoever asks later: `provenance.json`.
    struct Provenance: Hashable, Sendable, Codable {
        var isolation: String
        var command: [String]
        var environmentLock: Digest?
        var searchPath: String
        var prepared: Instant
    }

    private struct Recorded: Codable {
        var outcome: StepOutcome
        /// JSON cannot say NaN, so the metrics are kept as the file that the step wrote.
        var hasMetrics: Bool
    }

    let path: String

    init(state: String, run: RunID) { path = "\(state)/runs/\(run)" }

    var shim: ShimProcess { ShimProcess(folder: path) }
    var workspace: String { path + "/workspace" }
    var metrics: String { path + "/metrics.json" }
    private var cancelled: String { path + "/cancelled" }
    private var inputs: String { path + "/inputs.json" }
    private var provenance: String { path + "/provenance.json" }
    private var recorded: String { path + "/outcome.json" }

    var exists: Bool { LocalFiles.isFolder(path) }
    var isCancelled: Bool { LocalFiles.exists(cancelled) }
    var snapshot: InputSnapshot? { JSONFile.read(InputSnapshot.self, inputs) }
    var facts: Provenance? { JSONFile.read(Provenance.self, provenance) }

    func markCancelled() throws { try LocalFiles.writeAtomically([UInt8](), to: cancelled) }
    func write(_ snapshot: InputSnapshot) throws { try JSONFile.write(snapshot, to: inputs) }
    func write(_ facts: Provenance) throws { try JSONFile.write(facts, to: provenance) }

    /// How the run ended; nil as long as nobody has recorded it.
    var outcome: StepOutcome? {
        guard let recorded = JSONFile.read(Recorded.self, recorded) else { return nil }
        guard recorded.hasMetrics, case .succeeded(let result) = recorded.outcome,
            let bytes = try? LocalFiles.read(metrics), let document = try? JSONDocument.parseObject(bytes)
        else { return recorded.outcome }
        return .succeeded(
            StepResult(
                outputs: result.outputs, metrics: document, started: result.started, ended: result.ended,
                environmentLock: result.environmentLock, reports: result.reports))
    }

    /// Records the outcome, once and for all.
    func record(_ outcome: StepOutcome) throws {
        var kept = outcome
        var hasMetrics = false
        if case .succeeded(let result) = outcome, result.metrics != nil {
            hasMetrics = true
            kept = .succeeded(
                StepResult(
                    outputs: result.outputs, metrics: nil, started: result.started, ended: result.ended,
                    environmentLock: result.environmentLock, reports: result.reports))
        }
        try JSONFile.write(Recorded(outcome: kept, hasMetrics: hasMetrics), to: recorded)
    }
}
