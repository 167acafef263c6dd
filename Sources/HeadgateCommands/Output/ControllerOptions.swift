import ArgumentParser
import Foundation
import HeadgateAPI
import HeadgateCore

/// Where the controller is, and how to print what it says.
struct ControllerOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The controller's address: a Unix socket's path or host:port.",
            discussion: "By default HEADGATE_ADDRESS, else api.sock in the state folder."))
    var address: String?

    @Option(help: "The controller's state folder, to find its socket. By default HEADGATE_STATE, else ./.headgate.")
    var state: String?

    @Option(help: "A file that holds the API token. By default HEADGATE_TOKEN_FILE.")
    var tokenFile: String?

    /// A client of the controller that the options name.
    func client(timeout: Duration = .seconds(30)) throws -> APIClient {
        let environment = ProcessInfo.processInfo.environment
        let text =
            address ?? (state == nil ? environment["HEADGATE_ADDRESS"] : nil) ?? "\(Self.stateFolder(state))/api.sock"
        let file = tokenFile ?? environment["HEADGATE_TOKEN_FILE"]
        let token = try file.map {
            try String(contentsOfFile: $0, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        }
        let isPath = text.hasPrefix("/") || text.hasPrefix("unix:") || text.contains(".sock")
        let absolute = isPath && !text.hasPrefix("/") && !text.hasPrefix("unix:")
        let folder = FileManager.default.currentDirectoryPath
        return APIClient(address: APIAddress(absolute ? "\(folder)/\(text)" : text), token: token, timeout: timeout)
    }

    /// The state folder that an option, the environment or the default names.
    static func stateFolder(_ option: String?) -> String {
        let path = option ?? ProcessInfo.processInfo.environment["HEADGATE_STATE"] ?? ".headgate"
        return path.hasPrefix("/") ? path : "\(FileManager.default.currentDirectoryPath)/\(path)"
    }
}

/// Who acts: what the ledger records as author.
func currentUser() -> String {
    let environment = ProcessInfo.processInfo.environment
    return environment["HEADGATE_USER"] ?? environment["SUDO_USER"] ?? environment["USER"] ?? NSUserName()
}
