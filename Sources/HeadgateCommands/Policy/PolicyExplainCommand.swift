import ArgumentParser
import Foundation
import HeadgateAPI
import HeadgateCore
import HeadgateStore

/// The command `headgate policy explain VERDICT`.
struct PolicyExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Show how a policy came to a verdict.",
        discussion: """
            Prints every rule with the values of its parts, and where each piece of evidence comes from. A verdict is \
            named by its id, which `headgate describe` of a deployment or model shows in brackets, or by \
            DEPLOYMENT/POLICY for the newest one, with @MOMENT where a policy is asked at several. At plan a Model is \
            asked about, so there it is MODEL/POLICY. It asks the controller, or, with --offline, reads the ledger in \
            the state folder. Exits as the verdict is: 0 for a pass, 1 for a fail, 2 for anything else.
            """)

    @Argument(help: "The verdict: its id, DEPLOYMENT/POLICY or MODEL/POLICY.")
    var verdict: String
    @Flag(help: "Read the state folder; the controller may run or not.")
    var offline = false
    @Option(name: [.short, .long], help: "table, json or yaml.")
    var output = OutputFormat.table
    @OptionGroup var controller: ControllerOptions

    func run() async throws {
        let found = offline ? try await fromLedger() : try await fromController()
        switch output {
        case .json: print(try Renderer.json(found))
        case .yaml: print(try Renderer.yaml(found))
        case .table, .wide: print(Self.lines(found).map(Renderer.clean).joined(separator: "\n"))
        }
        switch found.recorded.verdict.outcome {
        case .pass: return
        case .fail: throw ExitCode(1)
        case .inconclusive, .error: throw ExitCode(2)
        }
    }

    private func fromController() async throws -> VerdictResource {
        let allowed = CharacterSet.alphanumerics.union(CharacterSet(charactersIn: "-"))
        let name = verdict.addingPercentEncoding(withAllowedCharacters: allowed) ?? ""
        return try await controller.client().get("/api/v1/verdict?name=\(name)", as: VerdictResource.self)
    }

    private func fromLedger() async throws -> VerdictResource {
        let layout = StateLayout(ControllerOptions.stateFolder(controller.state))
        guard FileManager.default.fileExists(atPath: layout.ledger) else {
            throw APIProblem(.failed, "there is no ledger in \(layout.root)")
        }
        do {
            return try await VerdictLookup(ledger: SQLiteLedger(path: layout.ledger)).find(verdict)
        } catch let error as LedgerError {
            throw APIProblem(.failed, "\(error)")
        }
    }

    private static func lines(_ found: VerdictResource) -> [String] {
        let recorded = found.recorded
        let verdict = recorded.verdict
        let about =
            (recorded.deployment.map { "Deployment/\($0.name)" } ?? "Model/\(recorded.model.name)")
            + (recorded.version.map { ", version \($0.short)" } ?? "")
        var lines = [
            "Verdict:   \(found.id)", "Policy:    \(verdict.policy) (\(verdict.policyDigest.short))",
            "On:        \(about), at \(verdict.moment.rawValue)",
            "Outcome:   \(verdict.outcome.rawValue)" + (recorded.overridden ? ", overridden" : "")
                + (verdict.action == .deny ? "" : " (\(verdict.action.rawValue): it blocks nothing)"),
            "Revision:  \(recorded.revision)", "Recorded:  \(TimeText.stamp(recorded.recorded))",
            "Evidence:  \(verdict.evidenceDigest.short)" + (verdict.isVolatile ? ", asked again at each look" : ""),
        ]
        if let message = verdict.message { lines.append("Message:   \(message)") }
        for rule in verdict.rules {
            lines.append("")
            lines.append("Rule \(rule.name): \(rule.outcome.rawValue)" + (rule.location.map { "  \($0)" } ?? ""))
            if let message = rule.message { lines.append("  \(message)") }
            if let steps = rule.steps {
                lines += steps.map { "  " + String(repeating: "  ", count: $0.depth) + "\($0.text) → \($0.value)" }
            } else {
                lines.append("  \(rule.expression) → \(rule.outcome.rawValue)")
            }
            if !rule.values.isEmpty { lines.append("  read:") }
            for value in rule.values {
                let origin = found.origins[value.expression].map { "   from \($0)" } ?? ""
                lines.append("    \(value.expression) = \(value.value)\(origin)")
            }
        }
        return lines
    }
}
