import ArgumentParser
import Foundation
import HeadgateAPI
import HeadgateCore
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
        findings.append(tool("git", needed: false, "repacks mirrors"))
        findings.append(tool("python3", needed: false, "steps with environment.python need it"))
        findings.append(
            FileManager.default.fileExists(atPath: "/usr/share/zoneinfo/UTC")
                ? .fine("time zones are installed")
                : .warning("tzdata is not installed: policies cannot use time zones"))
        let root = ControllerOptions.stateFolder(controller.state)
        findings += state(root)
        findings += await api()
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

    private func tool(_ name: String, needed: Bool, _ why: String) -> Finding {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        if let found = folders.map({ "\($0)/\(name)" }).first(where: FileManager.default.isExecutableFile(atPath:)) {
            return .fine("\(name) is \(found)")
        }
        return needed ? .problem("\(name) is not in PATH: \(why)") : .warning("\(name) is not in PATH: \(why)")
    }

    private func state(_ root: String) -> [Finding] {
        let layout = StateLayout(root)
        guard FileManager.default.fileExists(atPath: root) else {
            return [.warning("the state folder \(root) does not exist yet")]
        }
        var findings: [Finding] = []
        if let owner = StateFolder.owner(of: layout) {
            findings.append(.fine("a controller with process id \(owner) holds \(root)"))
        } else {
            findings.append(.fine("no controller holds \(root)"))
        }
        let values = try? URL(fileURLWithPath: root).resourceValues(forKeys: [.volumeAvailableCapacityKey])
        if let free = values?.volumeAvailableCapacity {
            let text = "\(Columns.byteText(Int64(free))) free for \(root)"
            findings.append(free < 1 << 30 ? .problem(text) : .fine(text))
        }
        return findings
    }

    private func api() async -> [Finding] {
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
            return findings
        } catch {
            return [.warning("\(error)")]
        }
    }
}
