import HeadgateCore
import Logging

extension InferenceSupervisor {
    /// Starts what is missing of the versions that are needed: their files first, then each server.
    func bringUpMissing() -> [Job] {
        var jobs: [Job] = []
        for version in needed.sorted() {
            guard let running = versions[version], !running.isMoving else { continue }
            versions[version]?.leavingSince = nil
            guard context.repository.holds(running.model) else {
                let isDue = running.problem.map { $0.retryAt.map { $0 <= .now } ?? false } ?? true
                guard isDue, !running.isBusy else { continue }
                versions[version]?.isMoving = true
                jobs.append(.stage(version))
                continue
            }
            if isBroken(running) {
                versions[version]?.isMoving = true
                jobs.append(.withdraw(version))
                continue
            }
            for (server, loaded) in running.loaded.enumerated()
            where !loaded.isReady && !loaded.isBusy && loaded.nextLook <= .now {
                versions[version]?.loaded[server].isBusy = true
                jobs.append(.bringUp(version, server: server))
            }
        }
        return jobs
    }

    /// Whether a server said that a version which never worked cannot be loaded.
    ///
    /// Its files must go: MLServer ends when it starts with a model in its folder that it cannot load.
    private func isBroken(_ running: Running) -> Bool {
        !running.wasComplete && !running.isBusy && running.loaded.contains { $0.problem?.isDefinite == true }
    }

    /// Brings a version's files to the repository; may take minutes.
    func stage(_ version: VersionID) async {
        guard let running = versions[version] else { return }
        do {
            try await context.repository.stage(running.served.bundle, version, as: running.model)
            versions[version]?.problem = nil
        } catch is CancellationError {
            // The controller ends; the next one goes on.
        } catch {
            let mayRetry = (error as? StepError)?.mayRetry ?? true
            report((error as? StepError)?.message ?? "\(error)", of: version, mayRetry: mayRetry)
        }
        versions[version]?.isMoving = false
    }

    private func report(_ message: String, of version: VersionID, mayRetry: Bool) {
        let attempts = (versions[version]?.attempts ?? 0) + 1
        versions[version]?.attempts = attempts
        versions[version]?.problem = (message, mayRetry ? .now + .seconds(min(300, 1 << min(attempts, 9))) : nil)
        context.logger.warning(
            "version cannot be served", metadata: metadata(["version": "\(version)", "error": "\(message)"]))
    }

    /// Loads a version on one server where it is not loaded yet, and warms it up.
    func bringUp(_ version: VersionID, on index: Int) async {
        guard let running = versions[version] else { return }
        let server = context.servers[index]
        let bundle = running.served.bundle
        let limit = bundle.serve?.ready.within ?? ReadySpec().within
        do {
            if await server.readiness(of: running.model) != .ready {
                try await server.load(running.model, within: limit)
                switch await server.readiness(of: running.model) {
                case .ready: break
                case .notReady:
                    throw InferenceServer.Refusal(status: 200, message: "loaded it, and is not ready with it")
                case .unreachable(let message): throw InferenceServer.Refusal(status: nil, message: message)
                }
            }
            try await warmUp(running.model, bundle, on: server, within: limit)
            versions[version]?.loaded[index].cameUp()
            context.logger.notice(
                "version loaded", metadata: metadata(["version": "\(version)", "server": "\(server.url)"]))
        } catch let refusal as InferenceServer.Refusal {
            failed(version, index, "\(server.url): \(refusal.message)", isDefinite: refusal.status != nil)
        } catch let error as StepError {
            failed(version, index, error.message, isDefinite: !error.mayRetry)
        } catch {
            failed(version, index, "\(error)", isDefinite: false)
        }
    }

    private func failed(_ version: VersionID, _ index: Int, _ message: String, isDefinite: Bool) {
        versions[version]?.loaded[index].failed(message, isDefinite: isDefinite)
        context.logger.warning(
            "version cannot be loaded", metadata: metadata(["version": "\(version)", "error": "\(message)"]))
    }

    private func warmUp(
        _ model: ServedModel, _ bundle: ServingBundle, on server: InferenceServer, within limit: Duration
    ) async throws {
        guard let recorded = try await context.requests(of: bundle) else { return }
        let declared = try await server.declaredOutputs(of: model)
        for (number, request) in recorded.requests.enumerated() {
            let answer = try await server.infer(request.body, model, within: limit)
            if let problem = InferenceAnswer.problem(answer, declared: declared, wanted: request.outputs) {
                throw InferenceServer.Refusal(status: 200, message: "recorded request \(number + 1): \(problem)")
            }
        }
    }

    /// Asks the servers about versions that were ready, all at once.
    func look() async {
        let now = ContinuousClock.now
        var questions: [(version: VersionID, index: Int, model: ServedModel)] = []
        for (version, running) in versions where !running.isMoving {
            for (index, loaded) in running.loaded.enumerated()
            where loaded.isReady && !loaded.isBusy && loaded.nextLook <= now {
                questions.append((version, index, running.model))
            }
        }
        let servers = context.servers
        await withTaskGroup(of: (VersionID, Int, InferenceServer.Readiness).self) { group in
            for (version, index, model) in questions {
                group.addTask { (version, index, await servers[index].readiness(of: model)) }
            }
            for await (version, index, readiness) in group where versions[version]?.loaded[index].isReady == true {
                versions[version]?.loaded[index].looked(readiness)
                guard versions[version]?.loaded[index].isReady == false else { continue }
                context.logger.warning(
                    "server lost a version",
                    metadata: metadata(["version": "\(version)", "server": "\(servers[index].url)"]))
            }
        }
        for (version, running) in versions {
            if running.readyCount > 0 { versions[version]?.since = .now }
            guard !running.wasComplete, running.readyCount == running.loaded.count else { continue }
            versions[version]?.wasComplete = true
            versions[version]?.attempts = 0
            context.logger.notice("version ready", metadata: metadata(["version": "\(version)"]))
        }
    }

    /// Takes a version that cannot work off the servers; tries again later, if it is still wanted then.
    func withdraw(_ version: VersionID) async {
        guard let running = versions[version] else { return }
        let message = running.loaded.compactMap { $0.problem }.first { $0.isDefinite }?.message
        try? await context.repository.remove(running.model)
        _ = await unload(running.model, within: .seconds(10))
        versions[version]?.loaded = Array(repeating: LoadedModel(), count: context.servers.count)
        report(message ?? "cannot be loaded", of: version, mayRetry: true)
        versions[version]?.isMoving = false
    }

    /// Servers that may still hold a model.
    private func unload(_ model: ServedModel, within limit: Duration) async -> [String] {
        await withTaskGroup(of: String?.self) { group in
            for server in context.servers {
                group.addTask {
                    do throws(InferenceServer.Refusal) {
                        try await server.unload(model, within: limit)
                        return nil
                    } catch {
                        return "\(server.url): \(error.message)"
                    }
                }
            }
            var left: [String] = []
            for await problem in group { if let problem { left.append(problem) } }
            return left.sorted()
        }
    }

    /// Takes a version off the servers and its files away.
    func clear(_ version: VersionID) async {
        guard let running = versions[version] else { return }
        let isRemoved: Void? = try? await context.repository.remove(running.model)
        let left = await unload(running.model, within: .seconds(20))
        // A server that cannot be reached for long has ended; without the files it does not load the version again.
        let waited = (running.leavingSince ?? .now).duration(to: .now)
        if isRemoved == nil || (!left.isEmpty && waited < Self.patience) {
            versions[version]?.nextClear = .now + .seconds(2)
            versions[version]?.isMoving = false
            versions[version]?.loaded = Array(repeating: LoadedModel(), count: context.servers.count)
            return
        }
        for problem in left {
            context.logger.warning(
                "version may still be loaded", metadata: metadata(["version": "\(version)", "error": "\(problem)"]))
        }
        let files = VersionFolder(deployment: folder, version: version)
        let isForgotten: Void? = try? await Blocking.run { () throws(SystemError) in
            try LocalFiles.remove(files.path)
        }
        // Wanted again meanwhile: brought up anew from nothing.
        versions[version] = nil
        guard isForgotten != nil else { return }
        context.logger.notice("version unloaded", metadata: metadata(["version": "\(version)"]))
    }

    private static let patience = Duration.seconds(120)
}
