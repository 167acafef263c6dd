import Foundation
import HeadgateAPI
import HeadgateTestSupport

/// A real controller on a state folder, which may be killed and started again.
actor ControllerProcess {
    /// Where the ledger's writes end the process, as `HEADGATE_CRASH` says it.
    enum CrashPoint: CustomStringConvertible, Sendable {
        case before(Int), after(Int)

        var description: String {
            switch self {
            case .before(let write): "before:\(write)"
            case .after(let write): "after:\(write)"
            }
        }
    }

    nonisolated let state: String
    private let arguments: [String]
    private var process: Process?
    /// How often it was started.
    private(set) var starts = 0

    /// - Parameters:
    ///   - state: The state folder.
    ///   - arguments: Of `headgate run`, besides the state folder.
    init(state: String, _ arguments: [String]) {
        self.state = state
        self.arguments = arguments
    }

    nonisolated var log: String { "\(state).log" }
    nonisolated private var api: APIClient {
        APIClient(address: .unixSocket(path: "\(state)/api.sock"), timeout: .seconds(2))
    }

    var isRunning: Bool { process?.isRunning ?? false }

    /// Starts the controller unless it runs.
    func start(crashing point: CrashPoint? = nil) throws {
        guard !isRunning else { return }
        if !FileManager.default.fileExists(atPath: log) {
            _ = FileManager.default.createFile(atPath: log, contents: nil)
        }
        let output = try FileHandle(forWritingTo: URL(fileURLWithPath: log))
        try output.seekToEnd()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: HeadgateExecutable.path)
        process.arguments = ["run", "--state", state] + arguments
        process.environment = ProcessInfo.processInfo.environment.merging(
            point.map { ["HEADGATE_CRASH": $0.description] } ?? [:]
        ) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        try process.run()
        try output.close()
        self.process = process
        starts += 1
    }

    /// Ends the controller as the kernel would, and waits for its end.
    func kill() {
        guard let process else { return }
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Ends the controller, and what outlives it by design.
    func end() {
        kill()
        for process in ProcessList.processes(naming: "\(state)/") { Foundation.kill(process.id, SIGKILL) }
    }

    /// A resource; nil while nobody answers.
    nonisolated func get<Resource: Decodable & Sendable>(_ path: String, as _: Resource.Type = Resource.self) async
        -> Resource?
    {
        try? await api.get("/api/v1/\(path)")
    }

    nonisolated var tail: String {
        let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").suffix(40).joined(separator: "\n")
    }
}

/// What runs on this machine.
enum ProcessList {
    struct Entry: Sendable {
        let id: Int32
        let arguments: [String]
    }

    /// Processes with an argument that contains the text, besides this one.
    static func processes(naming text: String) -> [Entry] {
        let ids = ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { Int32($0) }
        return ids.filter { $0 != getpid() }.compactMap { id in
            guard let data = FileManager.default.contents(atPath: "/proc/\(id)/cmdline") else { return nil }
            let arguments = data.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
            return arguments.contains { $0.contains(text) } ? Entry(id: id, arguments: arguments) : nil
        }
    }
}

/// What a wait was in vain for.
struct Overdue: Error, CustomStringConvertible {
    let description: String
}

/// Asks until there is an answer.
@discardableResult
func eventually<Value: Sendable>(
    _ what: String, within limit: Duration = .seconds(60), _ body: () async throws -> Value?
) async throws -> Value {
    let end = ContinuousClock.now + limit
    while ContinuousClock.now < end {
        if let value = try await body() { return value }
        try await Task.sleep(for: .milliseconds(20))
    }
    throw Overdue(description: "waited \(limit) for \(what)")
}
