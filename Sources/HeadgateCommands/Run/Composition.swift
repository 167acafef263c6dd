import Foundation
import HeadgateAPI
import HeadgateController
import HeadgateCore
import HeadgateGit
import HeadgateManifest
import HeadgatePolicy
import HeadgateProviders
import HeadgateServer
import HeadgateStore
import Logging
import ServiceLifecycle

/// Puts a controller together: the only place that names concrete providers.
struct Composition {
    let services: [any Service]
    let stateFolder: String
    let address: APIAddress
    // The lock lives as long as the controller.
    private let folder: StateFolder
    private let ledger: SQLiteLedger

    init(_ settings: ControllerConfiguration, stateOption: String?, logger: Logger) async throws {
        try await Self.check(protectedPolicies: settings.protectedPolicies)
        let root = ControllerOptions.stateFolder(stateOption ?? settings.state)
        folder = try StateFolder(root)
        let layout = folder.layout
        stateFolder = root
        let ledger = try SQLiteLedger(path: layout.ledger)
        self.ledger = ledger
        let objects = try FolderObjectStore(path: layout.objects)
        let executable = try Self.executable()
        let process = GitRemoteProcess(GitRemoteProcess.Executable(executable, ["internal", "git-remote"]))
        let sources = try Self.sources(settings, root, process)
        let repositories = sources.mapValues { $0.mirror as any SourceRepository }

        let runnerSettings = Self.runnerSettings(settings, root, executable)
        let environments = PythonEnvironments(configuration: runnerSettings, sources: repositories)
        let secrets = try Secrets(settings.secrets ?? [:])
        let runner = LocalStepRunner(
            configuration: runnerSettings, store: objects, sources: repositories, environments: environments,
            secrets: { secrets.value($0) })
        let environment = ProcessInfo.processInfo.environment
        let shared = try settings.shared?.open(environment, builder: "urn:headgate:controller")
        let steps: any StepRunner =
            shared.map { shared in
                SharedStepRunner(runner, shared: shared, store: objects, scratch: root + "/shared") { note in
                    logger.notice("shared store", metadata: ["detail": "\(note.text)"])
                }
            } ?? runner
        let factory = try TargetFactory(
            settings: settings, root: root, executable: executable, runner: runnerSettings, store: objects,
            repositories: repositories, environments: environments, logger: logger)
        let targets = Targets { reference throws(TargetError) in try await factory.target(reference) }

        let host = HostFacts.ofThisMachine(searchPath: runnerSettings.searchPath)
        let contents = try await ledger.load()
        let reconciler = Reconciler(
            contents: contents, host: host, judge: PolicyJudge(), settings: try settings.reconciler())
        let effects = EffectRunner(runner: steps, targets: targets, queries: MetricQueries(), logger: logger)
        let controller = Controller(
            reconciler: reconciler, ledger: try Self.crashing(ledger) ?? ledger, effects: effects, clock: SystemClock(),
            logger: logger)

        var watchers: [SourceName: SourceWatcher] = [:]
        for (name, source) in sources {
            let maker = ManifestSnapshots(
                source: name, repository: source.mirror, path: source.path, reference: source.reference,
                lastGood: DesiredState(contents.objects, of: name), protected: settings.protectedPolicies)
            watchers[name] = SourceWatcher(
                name: name, repository: source.mirror, reference: source.reference, maker: maker,
                controller: controller, interval: source.interval, clock: SystemClock(), logger: logger)
        }
        address = try ControllerOptions.apiAddress(settings.listen ?? layout.apiSocket)
        if case .unixSocket(let path) = address { try StateLayout.check(socket: path) }
        let planner = PipelinePlanner(host: host)
        let reverts = RevertCommits(sources: sources.mapValues(\.written), planner: planner)
        let maintenance = StateMaintenance(layout: layout, ledger: ledger, objects: objects, planner: planner) { work in
            await controller.pause(for: work)
        }
        let desk = MaintenanceDesk(maintenance, try settings.collection(in: root), logger: logger)
        let facade = Facade(
            controller: controller, watchers: watchers, urls: sources.mapValues { $0.mirror.remote.url.text },
            ledger: ledger, planner: planner,
            reverts: reverts, desk: desk,
            webhooks: try Self.webhooks(settings),
            logPath: { runner.logPath($0) }, targets: targets, stateFolder: root, started: .now,
            routers: { await factory.routers() }, routerRestarts: { await factory.routerRestarts() })
        let server = try APIServer(facade: facade, address: address, token: try Self.token(settings), logger: logger)
        let listen = "\(address)"
        let main = ServerService(server: server) {
            logger.notice("controller started", metadata: ["state": "\(root)", "listen": "\(listen)"])
        }
        // Who works on this machine finds the controller by its state folder, wherever else it listens.
        let own = APIAddress.unixSocket(path: layout.apiSocket)
        let isElsewhere = address.path != own.path
        let local =
            isElsewhere
            ? [ServerService(server: try APIServer(facade: facade, address: own, token: nil, logger: logger))] : []
        let publisher = shared.map {
            ChampionPublisher(controller: controller, shared: $0, logger: logger) as any Service
        }
        services =
            [controller, factory, desk] + [publisher].compactMap(\.self)
            + watchers.sorted { $0.key < $1.key }.map { $0.value as any Service }
            + local + [main]
    }

    /// Leaves the ledger as one file that holds everything; called last.
    func close() throws(LedgerError) { try ledger.close() }

    struct Source {
        let mirror: HeadgateGit.Mirror
        let path: RepositoryPath
        let reference: String
        let interval: Duration
        let author: CommitFacts.Person
        let key: CommitSigner?

        var written: RevertCommits.Source {
            RevertCommits.Source(mirror: mirror, path: path, reference: reference, author: author, key: key)
        }
    }

    private static func sources(
        _ settings: ControllerConfiguration, _ root: String, _ process: GitRemoteProcess
    ) throws -> [SourceName: Source] {
        var sources: [SourceName: Source] = [:]
        for (index, configured) in settings.sources.enumerated() {
            let name = try configured.sourceName(index)
            guard sources[name] == nil else {
                throw ConfigurationError("two sources are named \(name): give them names")
            }
            guard let path = RepositoryPath(configured.path ?? "") else {
                throw ConfigurationError("path: \(configured.path ?? "") is not a path within a repository")
            }
            let mirror = try HeadgateGit.Mirror(
                of: configured.remote(), configured.reference(), stateFolder: root, process: process,
                signers: configured.signers())
            sources[name] = Source(
                mirror: mirror, path: path,
                reference: configured.branch ?? configured.tag ?? configured.semver ?? "HEAD",
                interval: try configured.interval(), author: try configured.person(),
                key: try configured.signingKey())
        }
        guard !sources.isEmpty else { throw ConfigurationError("no source is configured") }
        return sources
    }

    private static func check(protectedPolicies folder: String?) async throws {
        guard let folder else { return }
        do {
            _ = try await ProtectedPolicies(folder: folder)
        } catch {
            throw ConfigurationError(error.message)
        }
    }

    /// For tests of recovery only: a ledger that ends this process at the write that the environment names.
    private static func crashing(_ ledger: SQLiteLedger) throws -> CrashingLedger? {
        guard let text = ProcessInfo.processInfo.environment[CrashingLedger.variable] else { return nil }
        guard let crashing = CrashingLedger(ledger, at: text) else {
            throw ConfigurationError("\(CrashingLedger.variable) is \(text), not before:N or after:N")
        }
        return crashing
    }

    private static func runnerSettings(
        _ settings: ControllerConfiguration, _ root: String, _ executable: String
    ) -> RunnerConfiguration {
        let environment = ProcessInfo.processInfo.environment
        return RunnerConfiguration(
            state: root, executable: executable,
            searchPath: environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin",
            maxConcurrent: settings.limits?.concurrentSteps ?? 2,
            pins: PinPolicy(
                hosts: Set(settings.limits?.dataHosts ?? []), folders: settings.limits?.dataFolders ?? [],
                s3: environment),
            installerVariables: RunnerConfiguration.installerVariables(of: environment))
    }

    private static func webhooks(_ settings: ControllerConfiguration) throws -> Webhooks {
        var hooks: [String: Webhooks.Hook] = [:]
        for (name, hook) in settings.webhooks ?? [:] {
            guard let source = SourceName(hook.source) else {
                throw ConfigurationError("webhooks.\(name).source: \(hook.source) is not a source's name")
            }
            guard let secret = try? String(contentsOfFile: hook.secretFile, encoding: .utf8) else {
                throw ConfigurationError("webhooks.\(name).secretFile: \(hook.secretFile) cannot be read")
            }
            let trimmed = secret.trimmingCharacters(in: .whitespacesAndNewlines)
            guard !trimmed.isEmpty else { throw ConfigurationError("webhooks.\(name).secretFile is empty") }
            hooks[name] = Webhooks.Hook(kind: hook.kind, source: source, secret: Array(trimmed.utf8))
        }
        return Webhooks(hooks)
    }

    private static func token(_ settings: ControllerConfiguration) throws -> String? {
        guard let file = settings.tokenFile else { return nil }
        guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
            throw ConfigurationError("the token file \(file) cannot be read")
        }
        let token = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard token.utf8.count >= 16 else { throw ConfigurationError("the token in \(file) is shorter than 16 bytes") }
        return token
    }

    /// This program, to be started again for shims, the router and the Git helper.
    static func executable() throws -> String {
        guard let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") else {
            throw ConfigurationError("/proc/self/exe cannot be read: is /proc mounted?")
        }
        return path
    }
}

extension APIAddress {
    /// The socket's path without detours and links; nil for TCP.
    fileprivate var path: String? {
        guard case .unixSocket(let path) = self else { return nil }
        let url = URL(fileURLWithPath: path)
        // It need not be there yet, and its folder is.
        guard let folder = realpath(url.deletingLastPathComponent().path, nil) else { return path }
        defer { free(folder) }
        return String(cString: folder) + "/" + url.lastPathComponent
    }
}

/// Runs the API server in the group.
struct ServerService: Service {
    let server: APIServer
    var listening: @Sendable () -> Void = {}

    func run() async throws { try await server.run(listening: listening) }
}

/// Secrets by name; values come from the controller's environment or from files.
struct Secrets: Sendable {
    private let origins: [String: String]

    init(_ origins: [String: String]) throws {
        for (name, origin) in origins.sorted(by: { $0.key < $1.key })
        where !origin.hasPrefix("env:") && !origin.hasPrefix("file:/") {
            throw ConfigurationError("secrets.\(name): expected env:VARIABLE or file:/path, not the secret itself")
        }
        self.origins = origins
    }

    /// `env:NAME` or `file:/path`; nil for a secret that is not configured or not there.
    func value(_ name: String) -> String? {
        guard let origin = origins[name] else { return nil }
        if origin.hasPrefix("env:") { return ProcessInfo.processInfo.environment[String(origin.dropFirst(4))] }
        if origin.hasPrefix("file:") {
            let text = try? String(contentsOfFile: String(origin.dropFirst(5)), encoding: .utf8)
            return text?.trimmingCharacters(in: .newlines)
        }
        return nil
    }
}

extension HostFacts {
    /// What determines results on this machine: with the versions of all interpreters, or of those given.
    static func ofThisMachine(
        searchPath: String = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin",
        interpreters wanted: Set<String>? = nil
    ) -> HostFacts {
        var facts = utsname()
        uname(&facts)
        let machine = withUnsafeBytes(of: &facts.machine) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        var interpreters: [String: String] = [:]
        let known = ["python3", "python3.10", "python3.11", "python3.12", "python3.13"]
        for name in known where wanted?.contains(name) != false {
            if let version = Self.version(of: name, searchPath) { interpreters[name] = version }
        }
        return HostFacts(operatingSystem: "linux", architecture: machine, interpreters: interpreters)
    }

    private static func version(of program: String, _ searchPath: String) -> String? {
        let folders = searchPath.split(separator: ":")
        guard
            let path = folders.map({ "\($0)/\(program)" }).first(where: FileManager.default.isExecutableFile(atPath:))
        else { return nil }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = ["--version"]
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return nil }
        let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return output.split(separator: " ").last.map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }
    }
}
