import ArgumentParser
import Foundation
import HeadgateAPI
import HeadgateCore
import HeadgateProviders
import HeadgateStore

/// The command `headgate doctor`.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Look for what would keep a controller from working on this machine.")

    @OptionGroup var controller: ControllerOptions

    private enum Finding {
        case fine(String)
        case warning(String)
        case problem(String)
    }

    func run() async throws {
        var findings: [Finding] = []
        findings.append(tool("git", "repacks mirrors"))
        findings.append(tool("python3", "steps with environment.python need it"))
        findings += environments()
        findings.append(
            FileManager.default.fileExists(atPath: "/usr/share/zoneinfo/UTC")
                ? .fine("time zones are installed")
                : .warning("tzdata is not installed: policies cannot use time zones"))
        let root = ControllerOptions.stateFolder(controller.state)
        let isRunning = StateFolder.owner(of: StateLayout(root)) != nil
        findings += state(root)
        findings += await api(isRunning: isRunning)
        var failed = false
        for finding in findings {
            switch finding {
            case .fine(let text): print("✔ \(text)")
            case .warning(let text): print("► \(text)")
            case .problem(let text):
                print("✗ \(text)")
                failed = true
            }
        }
        if failed { throw ExitCode(1) }
    }

    private func tool(_ name: String, _ why: String) -> Finding {
        if let found = Self.find(name) { return .fine("\(name) is \(found)") }
        return .warning("\(name) is not in PATH: \(why)")
    }

    private static func find(_ name: String) -> String? {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        return folders.map({ "\($0)/\(name)" }).first(where: FileManager.default.isExecutableFile(atPath:))
    }

    private func environments() -> [Finding] {
        guard let python = Self.find("python3") else { return [] }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: python)
        process.arguments = ["-c", "import ensurepip, venv"]
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return [.warning("\(python) cannot be run")] }
        process.waitUntilExit()
        return process.terminationStatus == 0
            ? [.fine("python3 makes virtual environments")]
            : [.warning("python3 makes no virtual environments: install python3-venv")]
    }

    private func state(_ root: String) -> [Finding] {
        let layout = StateLayout(root)
        guard FileManager.default.fileExists(atPath: root) else {
            return [.warning("the state folder \(root) does not exist yet: `headgate run` makes it")]
        }
        var findings: [Finding] = []
        if let owner = StateFolder.owner(of: layout) {
            findings.append(.fine("a controller with process id \(owner) holds \(root)"))
        } else {
            findings.append(.warning("no controller runs on \(root)"))
            if FileManager.default.fileExists(atPath: layout.ledger) {
                let problems = SQLiteLedger.problems(of: layout.ledger)
                findings += problems.map { .problem("ledger: \($0)") }
                if problems.isEmpty { findings.append(.fine("the ledger is whole")) }
            }
        }
        if !FileManager.default.isWritableFile(atPath: root) { findings.append(.problem("\(root) cannot be written")) }
        let values = try? URL(fileURLWithPath: root).resourceValues(forKeys: [.volumeAvailableCapacityKey])
        if let free = values?.volumeAvailableCapacity {
            let text = "\(Columns.byteText(Int64(free))) free for \(root)"
            findings.append(free < 1 << 30 ? .problem(text) : .fine(text))
        }
        return findings
    }

    private func api(isRunning: Bool) async -> [Finding] {
        // Without a controller here there is nobody to ask, unless an address names one elsewhere.
        let named = controller.address ?? ProcessInfo.processInfo.environment["HEADGATE_ADDRESS"]
        guard isRunning || named != nil else { return [] }
        do {
            let status = try await controller.client(timeout: .seconds(5)).get(
                "/api/v1/status", as: StatusResource.self)
            var findings: [Finding] = [.fine("the controller answers, version \(status.version)")]
            if let problem = status.problem { findings.append(.problem(problem)) }
            for source in status.sources {
                if let problem = source.problem {
                    findings.append(.problem("source \(source.name): \(problem)"))
                } else {
                    findings.append(.fine("source \(source.name) is at \(Columns.shortRevision(source.revision))"))
                }
                for diagnostic in source.diagnostics {
                    findings.append(
                        diagnostic.severity == .error ? .problem("\(diagnostic)") : .warning("\(diagnostic)"))
                }
            }
            return findings + (await servers(isHere: isRunning && named == nil))
        } catch {
            return [.problem("\(error)")]
        }
    }

    /// The running servers that targets name; their repositories only where the controller runs.
    private func servers(isHere: Bool) async -> [Finding] {
        let found = try? await controller.client(timeout: .seconds(5)).get("/api/v1/targets", as: [TargetResource].self)
        var findings: [Finding] = []
        for target in found ?? [] {
            for url in target.servers ?? [] {
                guard let probe = InferenceServerProbe(url: url) else { continue }
                do throws(InferenceServerProbe.Problem) {
                    findings.append(.fine("target \(target.name): \(url) is \(try await probe.look())"))
                } catch {
                    findings.append(.problem("target \(target.name): \(url): \(error)"))
                }
            }
            if isHere, let repository = target.repository, !FileManager.default.isWritableFile(atPath: repository) {
                findings.append(.problem("target \(target.name): the repository \(repository) cannot be written"))
            }
        }
        return findings
    }
}
