import Foundation
import HeadgateCore
import HeadgateGit
import HeadgateProviders
import HeadgateStore

/// What a change's pipelines run in: a state folder that is kept, or one that is removed at the end.
///
/// Of one that is kept, a call takes over environments and pinned data. Runs and their outputs are each call's own: steps
/// may write to the folder, so that nobody vouches for what an earlier call left there as results.
struct TrainingFolder {
    let path: String
    private let isTemporary: Bool
    // The lock lives as long as the training.
    private let folder: StateFolder

    init(_ given: String?) throws {
        isTemporary = given == nil
        // Below what is given, since it may be a controller's.
        path = try given.map { ControllerOptions.stateFolder($0) + "/ci" } ?? Self.temporary()
        if !isTemporary { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
        folder = try StateFolder(path)
        try folder.forgetRuns()
    }

    private static func temporary() throws -> String {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("headgate-ci-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        return url.path
    }

    var layout: StateLayout { folder.layout }

    func cleanUp() {
        if isTemporary { try? FileManager.default.removeItem(atPath: path) }
    }

    /// A runner as a controller's, of a checkout's commits.
    func runner(
        _ source: SourceName, _ checkout: GitCheckout, store: any ObjectStore, concurrentSteps: Int,
        pins: PinPolicy
    ) throws -> LocalStepRunner {
        let environment = ProcessInfo.processInfo.environment
        var configuration = RunnerConfiguration(
            state: path, executable: try Composition.executable(),
            searchPath: environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin", maxConcurrent: max(1, concurrentSteps),
            pins: pins, installerVariables: RunnerConfiguration.installerVariables(of: environment))
        configuration.secretAdvice = { "set HEADGATE_SECRET_\($0)" }
        // A step's secret is the variable of its name, where CI was given it.
        return LocalStepRunner(
            configuration: configuration, store: store, sources: [source: checkout],
            secrets: { environment["HEADGATE_SECRET_\($0)"] })
    }
}
