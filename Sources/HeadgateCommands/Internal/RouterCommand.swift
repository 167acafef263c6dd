import Foundation
import HeadgateRouter
import Logging

/// The command `headgate internal router --address A --port P --state FOLDER`.
enum RouterCommand {
    static func run(_ arguments: [String]) async -> Int32 {
        var options: [String: String] = [:]
        var index = 0
        while index + 1 < arguments.count {
            options[arguments[index]] = arguments[index + 1]
            index += 2
        }
        guard let folder = options["--state"], let port = Int(options["--port"] ?? "0") else { return 64 }
        let configuration = RouterConfiguration(
            host: options["--address"] ?? "127.0.0.1", port: port, stateFolder: folder)
        do {
            try await RouterProcess.run(
                configuration: configuration, logger: LogOutput.logger(format: .human, level: .notice))
            return 0
        } catch {
            Terminal.note("headgate router: \(error)")
            return 2
        }
    }
}
