import CLinux
import Glibc
import HeadgateCore

extension ShimSupervisor {
    struct StartFailure: Error {
        let number: Int32
        let message: String
    }

    func start() throws(StartFailure) {
        drain()
        guard let name = spec.command.first, !name.isEmpty else {
            throw StartFailure(number: EINVAL, message: "the command is empty")
        }
        guard let program = ProgramPath.find(name, spec.environment["PATH"] ?? "", in: spec.directory) else {
            throw StartFailure(number: ENOENT, message: "\(name): no such program in PATH")
        }
        var ends: [Int32] = [-1, -1]
        guard headgate_pipe(&ends) == 0 else {
            throw StartFailure(number: errno, message: "cannot make a pipe: \(SystemError.text(of: errno))")
        }
        let output = FileDescriptor(ends[1])
        pipe = ends[0]
        var environment = spec.environment.merging(secrets) { _, secret in secret }
        environment[ShimFile.mark] = folder
        var gate: Int32 = -1
        let pid = SpawnRequest(
            program: program, arguments: spec.command, environment: environment, directory: spec.directory,
            input: 0, output: output.raw, error: output.raw, kept: -1
        ).spawnHeld(&gate)
        guard pid > 0 else {
            throw StartFailure(number: errno, message: "cannot start \(name): \(SystemError.text(of: errno))")
        }
        command = pid
        let started = ShimStarted(shim: identity, command: ProcessIdentity(of: pid))
        do {
            try JSONFile.write(started, to: folder + "/" + ShimFile.started)
        } catch {
            close(gate)
            endDescendants()
            throw StartFailure(number: (error as? SystemError)?.number ?? EIO, message: "\(error)")
        }
        let failure = headgate_release(gate)
        if failure != 0 {
            endDescendants()
            throw StartFailure(number: failure, message: "cannot start \(name): \(SystemError.text(of: failure))")
        }
    }

    /// Kills the command's group and every adopted descendant until none is left; gives their number.
    @discardableResult
    func endDescendants() -> Int {
        signalGroup(SIGKILL)
        var seen: Set<Int32> = []
        // A process that the kernel cannot end, as one that waits for a dead disk, must not keep us for ever.
        let deadline = SystemTime.steady + 60_000
        while SystemTime.steady < deadline {
            for child in ProcessTable.children(of: identity.pid) {
                if !child.isDead, child.pid != command { seen.insert(child.pid) }
                kill(child.pid, SIGKILL)
            }
            var status: Int32 = 0
            var pid: Int32
            repeat { pid = waitpid(-1, &status, WNOHANG) } while pid > 0
            if pid < 0, errno == ECHILD { break }
            // Their output must not block them on their way out.
            if pipe >= 0 { drainAvailable() }
            poll(nil, 0, 2)
        }
        command = -1
        return seen.count
    }

    private func drainAvailable() {
        var polled = pollfd(fd: pipe, events: Int16(POLLIN), revents: 0)
        if poll(&polled, 1, 0) > 0 { readPipe() }
    }

    func signalGroup(_ number: Int32) {
        // Minus one and zero would mean everybody.
        if command > 1 { kill(-command, number) }
    }

    static func outcome(of status: Int32) -> ShimExit.Outcome {
        let signal = status & 0x7F
        return signal == 0 ? .exited((status >> 8) & 0xFF) : .signalled(signal)
    }

    static func apply(_ limits: ShimSpec.ResourceLimits) {
        // A core file may hold secrets, and fills disks.
        set(RLIMIT_CORE, 0)
        if let count = limits.openFiles { set(RLIMIT_NOFILE, count) }
        if let bytes = limits.addressSpace { set(RLIMIT_AS, bytes) }
        if let bytes = limits.fileSize { set(RLIMIT_FSIZE, bytes) }
    }

    private static func set(_ resource: __rlimit_resource, _ value: UInt64) {
        var limit = rlimit(rlim_cur: rlim_t(value), rlim_max: rlim_t(value))
        setrlimit(__rlimit_resource_t(resource.rawValue), &limit)
    }
}
