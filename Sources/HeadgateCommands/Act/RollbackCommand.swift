import ArgumentParser
import HeadgateAPI
import HeadgateCore

/// The command `headgate rollback DEPLOYMENT [--to VERSION] [--commit]`.
struct RollbackCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback", abstract: "Go back to an earlier champion, by a hold or by a commit.",
        discussion: """
            Without --commit, what HEAD asks for is held: the hold ends when the Deployment's desired state changes, or \
            by `headgate release`. With --commit, the controller reverts the commits that brought the version and pushes \
            the result to the branch that it follows, with the credentials of its configuration.
            """)

    @OptionGroup var target: DeploymentArgument
    @Option(
        help: ArgumentHelp(
            "The version to go back to, its digest or the beginning of it.",
            discussion: "By default the champion before; with --commit, where HEAD is not served, the champion."))
    var to: VersionArgument?
    @Option(help: "Why; recorded.")
    var reason = "rolled back by hand"
    @Flag(help: "Write a commit that reverts, and push it.")
    var commit = false

    /// Longer than the controller takes at most.
    private static let patience = Duration.seconds(330)

    func run() async throws {
        let version = try await to.resolve(target.controller)
        guard commit else {
            return try await target.send { id, _ in .rollback(id, to: version, by: currentUser(), reason: reason) }
        }
        let client = try target.controller.client(timeout: Self.patience)
        let (id, found) = try await DeploymentArgument.find(target.deployment, client)
        let request = RevertRequest(deployment: id, to: version, by: currentUser(), reason: reason)
        let answer = try await client.post("/api/v1/reverts", request, as: CommandAnswer.self)
        for line in answer.done { Terminal.note(Renderer.clean(line)) }
        try await target.waiting.follow(found, client)
    }
}
