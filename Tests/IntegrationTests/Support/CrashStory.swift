import Foundation
import HeadgateAPI
import HeadgateCore
import HeadgateTestSupport

/// The quickstart's acts, told to a controller that may be gone at any moment.
struct CrashStory: Sendable {
    /// How a story ended; two that ended alike are equal.
    struct Ending: Equatable, Sendable {
        /// The version of each act's end, in order.
        var served: [String] = []
        /// Champions in order, and whether each was restored.
        var history: [String] = []
        var weights: [String: Int] = [:]
        /// Steps that were executed, in the alphabet's order; empty for steps that write no journal.
        var attempts: [String] = []
    }

    let script: Script
    let repository: TemporaryRepository
    let controller: ControllerProcess
    let journal: String
    /// Where the controllers that are started end themselves, in turn and then from the beginning; empty for nowhere.
    let crashes: [ControllerProcess.CrashPoint]
    let load = Load()

    /// - Parameters:
    ///   - script: What the repository holds.
    ///   - repository: Where; by default one of its own.
    ///   - url: How the controller reaches it; by default its path.
    ///   - crashes: Where the controllers that are started end themselves, in turn and then from the beginning.
    /// - Throws: When Git cannot make the repository.
    init(
        _ script: Script, in repository: TemporaryRepository? = nil, url: String? = nil,
        crashes: [ControllerProcess.CrashPoint] = []
    ) async throws {
        self.script = script
        self.crashes = crashes
        let repository = if let repository { repository } else { try await TemporaryRepository() }
        self.repository = repository
        journal = "\(repository.folder)/journal"
        try FileManager.default.createDirectory(atPath: journal, withIntermediateDirectories: true)
        controller = ControllerProcess(
            state: "\(repository.folder)/state",
            ["--repo", url ?? repository.path, "--branch", "main", "--poll", "200ms"])
    }

    /// Plays all acts; gives how they ended.
    func play() async throws -> Ending {
        try await tell { story in
            var ending = Ending()
            let first = try await commit(.first)
            guard let address = first.address else { throw Overdue(description: "\(first.name) has no address") }
            await load.start(address + (script == .stub ? "/" : "/v2/health/ready"))
            ending.served.append(first.version ?? "")
            for quality in [Script.Quality.worse, nil, .better, nil, .best] {
                let found = if let quality { try await commit(quality) } else { try await revert() }
                ending.served.append(found.version ?? "")
            }
            await load.stop()
            try await conclude(&ending)
            return ending
        }
    }

    /// Tells a part of it; whatever happens, nothing runs afterwards.
    func tell<Value: Sendable>(_ body: (CrashStory) async throws -> Value) async throws -> Value {
        do {
            try await controller.start(crashing: crashes.first)
            let value = try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await keepRunning() }
                defer { group.cancelAll() }
                return try await body(self)
            }
            await controller.end()
            return value
        } catch {
            await load.stop()
            await controller.end()
            throw Overdue(description: "\(error)\n\(controller.tail)")
        }
    }

    /// Starts the next controller as soon as one has ended itself; one that ends otherwise is missed by what waits for it.
    private func keepRunning() async throws {
        while !crashes.isEmpty, !Task.isCancelled {
            let next = await controller.starts % crashes.count
            try await controller.start(crashing: crashes[next])
            try? await Task.sleep(for: .milliseconds(5))
        }
    }

    private func conclude(_ ending: inout Ending) async throws {
        let history: [Champion] = try await answer("the history", "deployments/\(script.deployment)/history")
        ending.history = history.map { "\($0.version.short)\($0.restored ? " restored" : "")" }
        let found: [DeploymentResource] = try await answer("the deployment", "deployments")
        for version in found.first?.versions ?? [] { ending.weights[version.version] = version.weight }
        let attempts = try? String(contentsOfFile: "\(journal)/attempts", encoding: .utf8)
        ending.attempts = (attempts ?? "").split(separator: "\n").map(String.init).sorted()
    }

    /// Attempts that ran beside another one of the same key.
    var overlaps: String { (try? String(contentsOfFile: "\(journal)/overlaps", encoding: .utf8)) ?? "" }

    // MARK: Acts

    func commit(_ quality: Script.Quality) async throws -> DeploymentResource {
        let files = try script.files(quality, journal: journal)
        return try await settled(try await repository.commit(quality.rawValue, files))
    }

    func revert() async throws -> DeploymentResource {
        try await repository.git("revert", "--no-edit", "HEAD")
        return try await settled(try await repository.resolve("HEAD"))
    }

    /// Waits until the Deployment has an answer to a commit, whatever becomes of the controller meanwhile.
    private func settled(_ commit: CommitID) async throws -> DeploymentResource {
        try await eventually("an answer to \(commit.short)", within: script.patience) {
            guard let all: [DeploymentResource] = await controller.get("deployments"),
                let found = all.first(where: { $0.name == script.deployment }),
                found.revision?.hasSuffix(commit.hex) == true, found.desired != nil, found.rollout == nil,
                found.versions.count == 1, let ready = found.conditions[.ready], ready.status != .unknown
            else { return nil }
            // What is not durable yet would be gone with a crash.
            try await Task.sleep(for: .milliseconds(100))
            return await controller.isRunning ? found : nil
        }
    }

    func answer<Resource: Decodable & Sendable>(_ what: String, _ path: String) async throws -> Resource {
        try await eventually(what) { await controller.get(path) }
    }
}
