import ArgumentParser
import Foundation
import HeadgateAPI

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
        let objects = report.objects.map { " and \($0.counted("object"))" } ?? ""
        print(
            "\(report.path): the ledger\(objects), \(report.bytes.counted("byte")) (\(Columns.byteText(report.bytes)))")
    }
}
