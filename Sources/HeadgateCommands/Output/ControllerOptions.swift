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
        let token = try file.map { file in
            guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
                throw ConfigurationError("the token file \(file) cannot be read")
            }
            return text.trimmingCharacters(in: .whitespacesAndNewlines)
        }
        return APIClient(address: try Self.apiAddress(text), token: token, timeout: timeout)
    }

    /// Reads a socket's path, from the present folder, or `host:port`.
    static func apiAddress(_ text: String) throws -> APIAddress {
        let isPath = text.contains("/") || text.hasPrefix("unix:") || text.hasSuffix(".sock")
        guard isPath, !text.contains("://") else {
            let url = text.contains("://") ? text : "http://\(text)"
            guard let parts = URLComponents(string: url), parts.host?.isEmpty == false,
                parts.port.map((1...65535).contains) ?? text.contains("://")
            else { throw ConfigurationError("\(text) is neither a socket's path nor host:port") }
            return APIAddress(url)
        }
        let path = text.hasPrefix("unix:") ? String(text.dropFirst(5)) : text
        return .unixSocket(path: path.hasPrefix("/") ? path : "\(FileManager.default.currentDirectoryPath)/\(path)")
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
