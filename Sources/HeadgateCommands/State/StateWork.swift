import ArgumentParser
import Foundation
import HeadgateAPI
import HeadgateCore
import HeadgateStore

/// Has work on a state folder done by the controller that uses it, or does it where none does.
struct StateWork {
    let controller: ControllerOptions

    func perform(_ request: MaintenanceRequest) async throws -> MaintenanceStatus {
        var progress = ProgressLine()
        defer { progress.finish() }
        let named = controller.address ?? (controller.state == nil ? environment["HEADGATE_ADDRESS"] : nil)
        let root = ControllerOptions.stateFolder(controller.state)
        guard named != nil || StateFolder.owner(of: StateLayout(root)) != nil else {
            let (maintenance, folder) = try await StateMaintenance.alone(on: root)
            defer { withExtendedLifetime(folder) {} }
            let status = try await maintenance.perform(request) { _, _ in }
            try maintenance.ledger.close()
            return status
        }
        let client = try controller.client()
        let begun = try await client.post("/api/v1/maintenance", request, as: MaintenanceStatus.self)
        while true {
            let status = try await client.get("/api/v1/maintenance", as: MaintenanceStatus.self)
            guard status.number == begun.number else {
                throw APIProblem(.failed, "the controller was started again meanwhile: ask again")
            }
            if let problem = status.problem { throw problem }
            if status.isOver { return status }
            if Terminal.isTalkInteractive { progress.show(status.phase, Columns.byteText(status.bytes)) }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    private var environment: [String: String] { ProcessInfo.processInfo.environment }
}

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
    var olderThan = "90d"
    @Option(name: .shortAndLong, help: "table, json or yaml.")
    var output = OutputFormat.table
    @OptionGroup var controller: ControllerOptions

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
                ("Objects", "\(report.objectBytes) bytes"), ("Environments", "\(report.environmentBytes) bytes"),
                ("Folders of runs", "\(report.runBytes) bytes"),
            ]
            print(Renderer.facts(rows.map { (name: $0.0, text: $0.1) }).joined(separator: "\n"))
            let verb = report.isTrial ? "would be freed" : "freed"
            print("\(report.bytes) bytes \(verb) (\(Columns.byteText(report.bytes)))")
        }
    }
}

/// The command `headgate backup PATH`.
struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Copy the ledger, or all that a controller can be started with.",
        discussion: """
            A path that ends in / or is an empty folder gets the ledger and the objects: start a controller with it as \
            --state. Any other path gets a copy of the ledger alone. The copy is consistent while the controller runs. \
            The path is one of the controller's machine.
            """)

    @Argument(help: "A file or a folder that is not there yet.", completion: .file())
    var path: String
    @OptionGroup var controller: ControllerOptions

    func run() async throws {
        var isFolder: ObjCBool = false
        let isThere = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
        let isAll = path.hasSuffix("/") || (isThere && isFolder.boolValue)
        var whole = path.hasPrefix("/") ? path : "\(FileManager.default.currentDirectoryPath)/\(path)"
        while whole.count > 1, whole.hasSuffix("/") { whole.removeLast() }
        let request = MaintenanceRequest.backup(path: whole, objects: isAll)
        guard let report = try await StateWork(controller: controller).perform(request).backup else { return }
        let objects = report.objects.map { " and \($0) objects" } ?? ""
        print("\(report.path): the ledger\(objects), \(report.bytes) bytes (\(Columns.byteText(report.bytes)))")
    }
}
