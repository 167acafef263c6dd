import ArgumentParser
import CLinux
import Foundation
import HeadgateAPI
import HeadgateCore
import Logging
import ServiceLifecycle
import UnixSignals

/// The command `headgate run`.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Watch a repository and make the world match it.",
        discussion: """
            Stops gracefully on SIGTERM and SIGINT; steps, model servers and the router go on and are adopted when the \
            controller starts again.
            """)

    @Option(help: "The repository: a path, or an https, ssh or git URL.")
    var repo: String?
    @Option(help: "The branch to follow; by default the remote's own default.")
    var branch: String?
    @Option(help: "The folder of the manifests within the repository.")
    var path: String?
    @Option(help: "How often to look at the remote.")
    var poll = "30s"
    @Option(help: "The state folder. By default HEADGATE_STATE, else ./.headgate.")
    var state: String?
    @Option(help: "Where the API listens: a socket's path or host:port. By default api.sock in the state folder.")
    var listen: String?
    @Option(help: "The router's port; 0 takes any that is free and keeps it.")
    var routerPort: Int?
    @Option(help: "How many steps run side by side.")
    var concurrentSteps: Int?
    @Option(help: "A file that holds the API token; needed to listen beyond this machine.")
    var tokenFile: String?
    @Option(help: "A YAML file with all of this and more; options win over it.")
    var config: String?
    @Option(help: "human or json.")
    var logFormat = LogFormat.human
    @Option(help: "trace, debug, info, notice, warning or error.")
    var logLevel = LogLevel.notice

    enum LogLevel: String, ExpressibleByArgument, CaseIterable {
        case trace, debug, info, notice, warning, error

        var level: Logger.Level { Logger.Level(rawValue: rawValue) ?? .notice }
    }

    enum LogFormat: String, ExpressibleByArgument, CaseIterable {
        case human, json
    }

    func validate() throws {
        guard repo != nil || config != nil else { throw ValidationError("give --repo URL or --config FILE") }
        if let routerPort, !(0...65535).contains(routerPort) {
            throw ValidationError("--router-port must be 0 through 65535")
        }
        if let concurrentSteps, concurrentSteps < 1 { throw ValidationError("--concurrent-steps must be at least 1") }
    }

    func run() async throws {
        headgate_keep_memory_small()
        let configuration = try settings()
        let logger = LogOutput.logger(format: logFormat, level: logLevel.level)
        let composition: Composition
        do {
            composition = try await Composition(configuration, stateOption: state, logger: logger)
        } catch let error as ConfigurationError {
            throw error
        } catch let problem as APIProblem {
            throw problem
        } catch {
            Terminal.note("headgate: \(error)")
            throw ExitCode(2)
        }
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: composition.services.map { .init(service: $0) },
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        do {
            try await group.run()
        } catch {
            Terminal.note("headgate: \(error)")
            throw ExitCode(2)
        }
        do {
            try composition.close()
        } catch {
            // Nothing is lost: the next controller reads the log beside it.
            logger.warning("ledger not closed", metadata: ["cause": "\(error.message)"])
        }
        logger.notice("controller stopped")
    }

    private func settings() throws -> ControllerConfiguration {
        var settings = try config.map(ControllerConfiguration.read) ?? ControllerConfiguration(sources: [])
        if let repo {
            settings.sources = [
                ControllerConfiguration.Source(url: repo, branch: branch, path: path, poll: poll)
            ]
        }
        if let listen { settings.listen = listen }
        if let tokenFile { settings.tokenFile = tokenFile }
        if let routerPort {
            settings.router = ControllerConfiguration.RouterSettings(port: routerPort)
        }
        if let concurrentSteps {
            var limits = settings.limits ?? ControllerConfiguration.Limits()
            limits.concurrentSteps = concurrentSteps
            settings.limits = limits
        }
        return settings
    }
}
