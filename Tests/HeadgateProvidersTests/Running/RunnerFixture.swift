import Glibc
import HeadgateCore
import HeadgateTestSupport

@testable import HeadgateProviders

/// A runner over a scratch folder, and launches for it.
struct RunnerFixture: Sendable {
    let scratch: Scratch
    let store = MemoryStore()
    var configuration: RunnerConfiguration

    init() throws {
        scratch = try Scratch()
        configuration = RunnerConfiguration(
            state: scratch.path + "/state", executable: HeadgateExecutable.path, searchPath: "/usr/bin:/bin",
            maxConcurrent: 4, grace: .milliseconds(300))
    }

    static let source = SourceName("source") ?? { fatalError("a name") }()

    func runner(secrets: [String: String] = [:]) -> LocalStepRunner {
        LocalStepRunner(
            configuration: configuration, store: store, sources: [Self.source: store],
            secrets: { secrets[$0] })
    }

    func tracked(_ path: String, _ node: MemoryStore.Node) -> WorkspaceInput {
        WorkspaceInput(path: path, content: .tracked(source: Self.source, entry: store.track(node)))
    }

    func stored(_ path: String, _ node: MemoryStore.Node) -> WorkspaceInput {
        WorkspaceInput(path: path, content: .stored(store.keep(node)))
    }

    func launch(
        _ script: String, run: String = "r1", inputs: [WorkspaceInput] = [], depth: Int = 0, outputs: [String] = [],
        metrics: String? = nil, timeout: Duration = .seconds(60), variables: [String: String] = [:],
        secrets: [String] = [], environment: ResolvedEnvironment? = nil
    ) throws -> StepLaunch {
        guard let id = RunID(run), let model = ModelName("model"), let step = StepName("step") else {
            throw ScratchError.cannotCreate(EINVAL)
        }
        return StepLaunch(
            run: id, key: StepKey(Digest.of(Array(script.utf8))), model: ModelID(source: Self.source, name: model),
            step: step, command: ["sh", "-c", script], inputs: inputs, depth: depth, outputs: outputs,
            metrics: metrics, timeout: timeout, variables: variables, secrets: secrets, environment: environment)
    }
}

extension StepOutcome {
    var result: StepResult? { if case .succeeded(let result) = self { result } else { nil } }
    var error: StepError? { if case .errored(let error) = self { error } else { nil } }
}
