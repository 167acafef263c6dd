import ArgumentParser

/// The command `headgate policy …`.
struct PolicyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy", abstract: "Work with policies.",
        subcommands: [
            PolicyTestCommand.self, PolicyEvalCommand.self, PolicyListCommand.self, PolicyAddCommand.self,
            PolicyExplainCommand.self, PolicyFmtCommand.self,
        ])
}
