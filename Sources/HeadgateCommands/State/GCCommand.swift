import ArgumentParser
import HeadgateAPI
import HeadgateCore

/// The command `headgate gc`.
struct GCCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gc", abstract: "Delete what is beyond retention, and what nothing reaches any more.",
        discussion: """
            Every champion of the last 90 days stays, and at least 20 for each Deployment, with all that they need; so \
            does what Models and Deployments name now. Works beside a controller, or on the state folder of none.
            """)

    @Flag(help: "Say what would be deleted, and delete nothing.")
    var dryRun = false
    @Option(help: "How long former champions stay, such as 30d.")
    var olderThan = age
    @Option(name: .shortAndLong, help: "table, json or yaml.")
    var output = OutputFormat.table
    @OptionGroup var controller: ControllerOptions

    /// How long former champions stay by default.
    static let age = "90d"

    func validate() throws {
        guard let span = Duration(text: olderThan), span > .zero else {
            throw ValidationError("--older-than must be a duration, such as 30d")
        }
    }

    func run() async throws {
        guard let age = Duration(text: olderThan) else { return }
        let request = MaintenanceRequest.collect(olderThan: age, isTrial: dryRun)
        guard let report = try await StateWork(controller: controller).perform(request).collection else { return }
        switch output {
        case .json: print(try Renderer.json(report))
        case .yaml: print(try Renderer.yaml(report))
        case .table, .wide:
            let rows = [
                ("Versions", "\(report.versions)"), ("Assessments", "\(report.assessments)"),
                ("Step results", "\(report.steps)"), ("Runs", "\(report.runs)"),
                ("Objects", report.objectBytes.counted("byte")),
                ("Environments", report.environmentBytes.counted("byte")),
                ("Folders of runs", report.runBytes.counted("byte")),
            ]
            print(Renderer.facts(rows.map { (name: $0.0, text: $0.1) }).joined(separator: "\n"))
            let verb = report.isTrial ? "would be freed" : "freed"
            print("\(report.bytes.counted("byte")) \(verb) (\(Columns.byteText(report.bytes)))")
        }
    }
}
