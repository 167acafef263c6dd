import Glibc
package import HeadgateCore

/// Virtual environments, made once per digest under `environments/` and kept.
///
/// A virtual environment cannot be moved, so it is made where it stays and counts only with its `ready.json`. What its
/// first resolution chose is kept under `locks/`, and whoever makes it again installs exactly that.
package struct PythonEnvironments: Sendable {
    /// An environment that is there.
    package struct Prepared: Hashable, Sendable, Codable {
        /// Its `bin` folder.
        package var programs: String
        /// The digest of its lock.
        package var lock: Digest
    }

    private let configuration: RunnerConfiguration
    private let sources: [SourceName: any SourceRepository]
    private let turns = Turns<EnvironmentDigest>()

    package init(configuration: RunnerConfiguration, sources: [SourceName: any SourceRepository]) {
        self.configuration = configuration
        self.sources = sources
    }

    /// The environment, made first where it is missing.
    ///
    /// The making goes on when the calling task is cancelled, and even when this process ends; the next call adopts it.
    /// - Parameters:
    ///   - environment: What to make.
    ///   - progress: A log that gets the installer's output.
    /// - Returns: Nil for an environment that needs nothing.
    /// - Throws: ``StepError`` or `CancellationError`.
    package func ensure(_ environment: ResolvedEnvironment, progress: String? = nil) async throws -> Prepared? {
        guard let python = environment.python else { return nil }
        let result = try await turns.take(environment.digest) {
            () async throws(CancellationError) -> Result<Prepared, StepError> in
            do {
                return .success(try await prepare(environment.digest, python, progress))
            } catch let error as CancellationError {
                throw error
            } catch let error as StepError {
                return .failure(error)
            } catch let error as SystemError {
                return .failure(StepError(.environment, error))
            } catch {
                return .failure(StepError(.environment, "\(error)", mayRetry: true))
            }
        }
        return try result.get()
    }

    /// Where an environment's lock is kept.
    package func lockPath(_ digest: EnvironmentDigest) -> String {
        "\(configuration.state)/locks/\(digest.digest.hex).txt"
    }

    private func folder(_ digest: EnvironmentDigest) -> String {
        "\(configuration.state)/environments/\(digest.digest.hex)"
    }

    private func prepare(
        _ digest: EnvironmentDigest, _ python: ResolvedEnvironment.Python, _ progress: String?
    ) async throws -> Prepared {
        let folder = folder(digest)
        if let prepared = JSONFile.read(Prepared.self, folder + "/ready.json") { return prepared }
        let shim = ShimProcess(folder: folder)
        switch shim.state {
        case .running: break
        case .ended(let exit) where exit.outcome == .exited(0): break
        case .absent, .lost, .ended:
            shim.endLeftovers()
            try await start(shim, digest, python)
        }
        let exit = try await follow(shim, progress, python)
        guard exit?.outcome == .exited(0) else {
            throw StepError(.environment, failure(shim, exit, python), mayRetry: true)
        }
        guard let lock = try LocalFiles.read(lockPath(digest)) else {
            throw StepError(.environment, "the environment's lock is missing: \(lockPath(digest))", mayRetry: true)
        }
        let prepared = Prepared(programs: folder + "/venv/bin", lock: Digest.of(lock))
        try JSONFile.write(prepared, to: folder + "/ready.json")
        return prepared
    }

    private func start(
        _ shim: ShimProcess, _ digest: EnvironmentDigest, _ python: ResolvedEnvironment.Python
    ) async throws {
        guard let source = sources[python.source] else {
            throw StepError(.environment, "source \(python.source) is not configured", mayRetry: false)
        }
        let requirements: [UInt8]
        do throws(SourceError) {
            let blobs = try await source.read([python.requirements.id], limit: 1 << 20)
            guard let blob = blobs[python.requirements.id] else {
                throw SourceError(.notFound, "the requirements file \(python.requirements.id) is not in the mirror")
            }
            requirements = blob
        } catch {
            throw StepError(.environment, error)
        }
        let lock = lockPath(digest)
        let folder = shim.folder
        let temporary = folder + "/tmp"
        try await Blocking.run { () throws(SystemError) in
            try LocalFiles.remove(temporary)
            try LocalFiles.remove(shim.logPath)
            try LocalFiles.createFolders(temporary)
            try LocalFiles.createFolders(LocalFiles.parent(of: lock))
            try LocalFiles.writeAtomically(requirements, to: folder + "/requirements.txt")
        }
        var variables = configuration.installerVariables
        variables["PATH"] = configuration.searchPath
        variables["TMPDIR"] = temporary
        variables["PYTHONUNBUFFERED"] = "1"
        variables["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
        variables["PIP_NO_INPUT"] = "1"
        let spec = ShimSpec(
            command: [python.interpreter, "-c", Self.script, folder, lock], directory: folder,
            environment: variables, mode: .once(timeout: configuration.installerTimeout),
            grace: configuration.grace, log: configuration.log)
        _ = try shim.start(spec, executable: configuration.executable)
    }

    /// Waits for the installer, and copies what it prints.
    private func follow(
        _ shim: ShimProcess, _ progress: String?, _ python: ResolvedEnvironment.Python
    ) async throws -> ShimExit? {
        guard let progress else { return try await shim.ended() }
        let copier = LogCopier(from: shim.logPath, to: progress)
        copier.note("making the Python environment with \(python.interpreter)")
        let exit = try await withThrowingTaskGroup(of: ShimExit?.self) { group in
            group.addTask { try await shim.ended() }
            group.addTask {
                while true {
                    try await Task.sleep(for: .milliseconds(250))
                    copier.copy()
                }
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
        copier.copy()
        return exit
    }

    private func failure(_ shim: ShimProcess, _ exit: ShimExit?, _ python: ResolvedEnvironment.Python) -> String {
        let reason =
            switch exit?.outcome {
            case .exited(let code): "the installer ended with exit code \(code)"
            case .signalled(let number): "the installer was killed by signal \(number)"
            case .timedOut: "the installer took longer than \(configuration.installerTimeout.text)"
            case .cancelled: "the installer was stopped"
            case .couldNotStart(_, let message): message
            case .none: "the installer was killed"
            }
        let tail = LocalFiles.tail(shim.logPath)
        return "cannot make the Python environment with \(python.interpreter): \(reason)".ending(inOutput: tail)
    }

    // A lock that is there is installed as it stands. Requirements with hashes are their own lock: freezing drops them.
    private static let script = """
        import os, subprocess, sys, venv
        folder, lock = sys.argv[1:3]
        place = os.path.join(folder, "venv")
        wanted = os.path.join(folder, "requirements.txt")
        venv.EnvBuilder(clear=True, symlinks=True, with_pip=True).create(place)
        pip = [os.path.join(place, "bin", "python"), "-m", "pip"]
        with open(wanted, "rb") as file:
            text = file.read()
        known = os.path.exists(lock)
        hashed = b"--hash=" in text
        options = ["--no-deps", "-r", lock] if known and not hashed else ["-r", wanted]
        if text.strip():
            subprocess.check_call(pip + ["install", "--progress-bar", "off"] + options)
        if not known:
            if not hashed:
                text = subprocess.check_output(pip + ["freeze"])
            with open(lock + ".new", "wb") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.rename(lock + ".new", lock)
        """
}
