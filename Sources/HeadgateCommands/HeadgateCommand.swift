package import ArgumentParser
import CLinux
import Foundation
import HeadgateAPI
import HeadgateCore

/// This program's version.
let headgateVersion = "0.1.0"

/// The command `headgate`.
package struct HeadgateCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "headgate", abstract: "GitOps for models: what is at HEAD serves, once it passes the gate.",
        discussion: "Exit codes: 0 fine, 1 a difference or a failed check, 2 could not judge, 64 usage.",
        version: headgateVersion,
        groupedSubcommands: [
            CommandGroup(
                name: "Repository",
                subcommands: [
                    CheckCommand.self, PlanCommand.self, CICommand.self, SchemaCommand.self, PolicyCommand.self,
                    KeyCommand.self, DigestCommand.self,
                ]),
            CommandGroup(
                name: "Controller",
                subcommands: [
                    RunCommand.self, DoctorCommand.self, ReconcileCommand.self, PruneCommand.self, GCCommand.self,
                    BackupCommand.self,
                ]),
            CommandGroup(
                name: "Looking",
                subcommands: [
                    GetCommand.self, DescribeCommand.self, LogsCommand.self, EventsCommand.self, HistoryCommand.self,
                    TraceCommand.self,
                ]),
            CommandGroup(
                name: "Acting",
                subcommands: [
                    RollbackCommand.self, HoldCommand.self, ReleaseCommand.self, SuspendCommand.self,
                    ResumeCommand.self, RetryCommand.self, OverrideCommand.self, ApproveCommand.self,
                    PromoteCommand.self, AbortCommand.self, PauseCommand.self, AdoptCommand.self,
                ]),
        ])

    package init() {}

    /// Runs the program: a helper of the controller, or the command that the arguments ask for.
    package static func start() async {
        StandardStream.fill()
        if let code = await HiddenCommands.run(CommandLine.arguments) { Foundation.exit(code) }
        // Remotes are spoken to by a helper, which is a process of its own.
        headgate_use_no_certificates()
        if let (hint, group) = misspelt(CommandLine.arguments) {
            Terminal.note("Error: \(hint)\n  See '\(group) --help' for all commands.")
            Foundation.exit(64)
        }
        var running: (any ParsableCommand.Type)?
        do {
            let parsed = await parsed(CommandLine.arguments)
            var command = if let parsed { parsed } else { try await asyncParseAsRoot() }
            running = type(of: command)
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let problem as APIProblem {
            Terminal.note("headgate: \(problem)")
            Foundation.exit(problem.code.exitCode)
        } catch let error as ConfigurationError {
            Terminal.note("headgate: \(error)")
            Foundation.exit(64)
        } catch let error as ValidationError where running != nil {
            // The parser knows only while it parses which command is used wrongly.
            let usage = running.map { usageString(for: $0) } ?? usageString()
            let name = usage.split(separator: " ").prefix { !$0.contains("[") && !$0.contains("<") }.joined(
                separator: " ")
            Terminal.note("Error: \(error.message)\nUsage: \(usage)\n  See '\(name) --help' for more information.")
            Foundation.exit(64)
        } catch {
            let (text, code) = (fullMessage(for: error), exitCode(for: error))
            if !text.isEmpty { code.isSuccess ? print(text) : Terminal.note(text) }
            Foundation.exit(code.rawValue)
        }
    }

    /// The command that the first word asks for, if the other words are as it takes them.
    ///
    /// The root's parser gives the same after a look at every command. What is wrong, or asks for help, is left to it.
    private static func parsed(_ arguments: [String]) async -> (any ParsableCommand)? {
        guard arguments.count > 1,
            let type = configuration.subcommands.first(where: { $0.configuration.commandName == arguments[1] }),
            type.configuration.subcommands.isEmpty
        else { return nil }
        let words = Array(arguments.dropFirst(2))
        // A debug build of the parser ends the program where completions are asynchronous and the parser is not.
        guard let type = type as? any AsyncParsableCommand.Type else { return try? type.parse(words) }
        return try? await type.asyncParse(words)
    }

    /// What to say of a word that is no command, and whose commands there are; the parser would count it among
    /// unexpected arguments.
    private static func misspelt(_ arguments: [String]) -> (hint: String, group: String)? {
        var commands: [any ParsableCommand.Type] = configuration.subcommands
        var path: [String] = []
        for word in arguments.dropFirst() {
            guard !commands.isEmpty, !word.hasPrefix("-"), word != "help" else { return nil }
            if let command = commands.first(where: { $0.configuration.commandName == word }) {
                commands = command.configuration.subcommands
                path.append(word)
                continue
            }
            let near = Spelling.nearest(to: word, among: commands.compactMap { $0.configuration.commandName })
            func said(_ name: String) -> String { (path + [name]).joined(separator: " ") }
            let hint = near.map { ": did you mean \(said($0))?" } ?? ""
            return ("there is no command \(said(word))\(hint)", (["headgate"] + path).joined(separator: " "))
        }
        return nil
    }
}

extension APIProblem.Code {
    /// 1 for what is not so, 2 for what could not be told.
    var exitCode: Int32 {
        switch self {
        case .notFound, .refused: 1
        case .unauthorized, .unreachable, .failed: 2
        case .invalid: 64
        }
    }
}
