import HeadgateCore
import Logging
import NIOHTTP1

/// Keeps one router running, as a process that outlives this one, and speaks to it.
actor RouterSupervisor {
    private let folder: String
    private var command: [String]
    private let executable: String
    private let searchPath: String
    private let logger: Logger
    private let shim: ShimProcess
    private var socket: String { folder + "/control.sock" }
    private var lastStatus: (status: RouterStatus, at: ContinuousClock.Instant, took: Duration)?
    /// Where it listens, as it last said; nil before its first answer.
    private(set) var lastAddress: String?
    /// Counts writes, so that an answer from before a write is not taken for one from after it.
    private var writes = 0
    /// What the running router was started with.
    private var verified: [String]?
    /// Restarts by shims before the present one, each of those that was lost included.
    private var earlier = 0
    /// Restarts by the present shim, as it last said.
    private var counted = 0
    private let starting = Turns<Bool>()
    private let asking = Turns<Bool>()

    /// - Parameters:
    ///   - folder: The router's state folder; its control socket stands in it.
    ///   - command: Starts the router in the foreground.
    ///   - executable: The program that runs shims.
    ///   - searchPath: The router's `PATH`.
    ///   - logger: Gets starts and restarts.
    init(folder: String, command: [String], executable: String, searchPath: String, logger: Logger) {
        self.folder = folder
        self.command = command
        self.executable = executable
        self.searchPath = searchPath
        self.logger = logger
        shim = ShimProcess(folder: folder + "-process")
    }

    /// Starts the router where none runs, and one that was started otherwise anew.
    func ensure() async throws(TargetError) {
        try await alone(starting) { supervisor throws(TargetError) in try await supervisor.start() }
    }

    private func start() async throws(TargetError) {
        guard socket.utf8.count < 108 else {
            throw TargetError(.rejected, "\(socket) is too long for a socket's path: choose a shorter state folder")
        }
        let shim = shim
        let spec = ShimSpec(
            command: command, directory: "/", environment: ["PATH": searchPath, "LANG": "C.UTF-8"],
            mode: .server(ShimSpec.RestartPolicy(base: .milliseconds(100), cap: .seconds(5))), grace: .seconds(40),
            log: ShimSpec.LogLimits(bytes: 8 << 20))
        var lost = 0
        if shim.isAlive {
            if verified == command { return }
            let running = JSONFile.read(ShimSpec.self, shim.folder + "/" + ShimFile.spec)
            if running?.command == command {
                verified = command
                return
            }
            logger.notice("router starts anew with other settings")
            shim.terminate()
            _ = try? await shim.ended()
        } else if verified != nil {
            logger.warning("router was lost")
            lost = 1
        }
        do throws(SystemError) {
            try await Blocking.run { () throws(SystemError) in
                shim.endLeftovers()
                try LocalFiles.createFolders(LocalFiles.parent(of: shim.folder))
            }
            verified = nil
            let before = restarts.count + lost
            guard try shim.start(spec, executable: executable) else { return }
            (earlier, counted) = (before, 0)
            logger.notice("router started")
        } catch {
            throw TargetError(.unreachable, "cannot start the router: \(error)")
        }
    }

    /// How often it was started again since this controller knows it, or as its shim counts.
    var restarts: ServerRestarts {
        let status = shim.status
        counted = max(counted, status?.restarts ?? 0)
        let count = earlier + counted
        let exit = count == 0 ? nil : status?.lastExit?.text ?? "was lost with its shim"
        return ServerRestarts(count: count, lastExit: exit)
    }

    /// Another address or port: the next ``ensure()`` starts the router anew.
    func setCommand(_ command: [String]) { self.command = command }

    /// What the router does, as it said at most so long ago: many Deployments ask at once.
    func status(atMost age: Duration = .milliseconds(100)) async throws(TargetError) -> RouterStatus {
        if let recent = recent(age) { return recent }
        return try await alone(asking) { supervisor throws(TargetError) in
            if let recent = await supervisor.recent(age) { return recent }
            return try await supervisor.fetch()
        }
    }

    /// Runs the body for one caller at a time; the others then find what it brought.
    private func alone<Value: Sendable>(
        _ turns: Turns<Bool>, _ body: (RouterSupervisor) async throws(TargetError) -> Value
    ) async throws(TargetError) -> Value {
        let result: Result<Value, TargetError>
        do throws(CancellationError) {
            result = try await turns.take(true) { () async throws(CancellationError) -> Result<Value, TargetError> in
                do throws(TargetError) {
                    return .success(try await body(self))
                } catch {
                    return .failure(error)
                }
            }
        } catch {
            throw TargetError(.unreachable, "nobody waits for the router any more")
        }
        return try result.get()
    }

    private func recent(_ age: Duration) -> RouterStatus? {
        // A status that takes long to read, since it is large, is not asked for all the time.
        guard let lastStatus, lastStatus.at.duration(to: .now) < max(age, lastStatus.took * 5) else { return nil }
        return lastStatus.status
    }

    private func fetch() async throws(TargetError) -> RouterStatus {
        let began = ContinuousClock.now
        let writes = writes
        let answer = try await ask(.GET, "/status")
        guard let status = try? JSONFile.decode(RouterStatus.self, answer) else {
            throw TargetError(.unreachable, "the router's status cannot be read")
        }
        lastAddress = status.address
        if writes == self.writes { lastStatus = (status, .now, began.duration(to: .now)) }
        return status
    }

    func put(_ deployment: String, _ table: RouterDeployment) async throws(TargetError) {
        guard let bytes = try? JSONFile.bytes(table) else {
            throw TargetError(.rejected, "a table that cannot be written as JSON")
        }
        _ = try await ask(.PUT, "/deployments/" + LocalHTTP.escaped(deployment), bytes)
    }

    func delete(_ deployment: String) async throws(TargetError) {
        _ = try await ask(.DELETE, "/deployments/" + LocalHTTP.escaped(deployment))
    }

    private func ask(_ method: HTTPMethod, _ path: String, _ body: [UInt8]? = nil) async throws(TargetError) -> [UInt8]
    {
        if method != .GET {
            writes += 1
            lastStatus = nil
        }
        let answer: (status: UInt, body: [UInt8])
        do {
            answer = try await LocalHTTP.ask(socket: socket, method, path, body: body)
        } catch {
            let tail = LocalFiles.tail(shim.logPath, lines: 3, bytes: 1000)
            throw TargetError(.unreachable, "the router does not answer".ending(inOutput: tail))
        }
        if method != .GET { writes += 1 }
        guard (200..<300).contains(answer.status) else {
            let text = String(decoding: answer.body.prefix(500), as: UTF8.self)
            throw TargetError(answer.status >= 500 ? .unreachable : .rejected, "the router refused: \(text)")
        }
        return answer.body
    }
}

extension RouterSupervisor {
    /// Restarts by address; one that has never answered is left out.
    static func restarts(of routers: [RouterSupervisor]) async -> [String: ServerRestarts] {
        var restarts: [String: ServerRestarts] = [:]
        for router in routers {
            if let address = await router.lastAddress { restarts[address] = await router.restarts }
        }
        return restarts
    }

    /// What routers say; one that does not answer is left out.
    static func statuses(of routers: [RouterSupervisor]) async -> [RouterStatus] {
        var statuses: [RouterStatus] = []
        for router in routers {
            if let status = try? await router.status(atMost: .seconds(1)) { statuses.append(status) }
        }
        return statuses
    }
}
