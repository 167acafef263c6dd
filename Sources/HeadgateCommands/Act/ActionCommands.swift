import ArgumentParser
import Foundation
import HeadgateAPI
import HeadgateCore

/// The Deployment that a command is for, and who gives it.
struct DeploymentArgument: ParsableArguments {
    @Argument(help: "The Deployment's name.", completion: .deployments)
    var deployment: String

    @OptionGroup var waiting: WaitOptions
    @OptionGroup var controller: ControllerOptions

    /// Resolves the name over all sources, then sends a command made for it.
    func send(_ make: (DeploymentID, DeploymentResource) throws -> Command) async throws {
        try await Self.send(deployment, controller.client(), waiting, make)
    }

    static func send(
        _ deployment: String, _ client: APIClient, _ waiting: WaitOptions,
        _ make: (DeploymentID, DeploymentResource) throws -> Command
    ) async throws {
        let (id, found) = try await find(deployment, client)
        let command = try make(id, found)
        let answer = try await client.post("/api/v1/commands", command, as: CommandAnswer.self)
        for line in answer.done { Terminal.note(Renderer.clean(line)) }
        try await waiting.follow(found, client, isHoldWanted: command.asksForHold)
    }

    /// Resolves a name over all sources.
    static func find(_ deployment: String, _ client: APIClient) async throws -> (DeploymentID, DeploymentResource) {
        let all = try await client.get("/api/v1/deployments", as: [DeploymentResource].self)
        let found = try all.one("Deployment", deployment)
        guard let source = SourceName(found.source), let name = DeploymentName(found.name) else {
            throw APIProblem(
                .failed, "the controller's answer holds a name that is none: \(found.source)/\(found.name)")
        }
        return (DeploymentID(source: source, name: name), found)
    }
}

struct HoldCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hold", abstract: "Stay with the present champion although HEAD asks for another version.")
    @OptionGroup var target: DeploymentArgument
    @Option(help: "Why; recorded.")
    var reason = "held by hand"

    func run() async throws { try await target.send { id, _ in .hold(id, by: currentUser(), reason: reason) } }
}

struct ReleaseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "release", abstract: "End a hold.")
    @OptionGroup var target: DeploymentArgument

    func run() async throws { try await target.send { id, _ in .release(id, by: currentUser()) } }
}

struct SuspendCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "suspend", abstract: "Stop work on a Deployment; what serves goes on serving.")
    @OptionGroup var target: DeploymentArgument

    func run() async throws { try await target.send { id, _ in .suspend(id, by: currentUser()) } }
}

struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Take up work on a suspended Deployment or a paused rollout.")
    @OptionGroup var target: DeploymentArgument

    func run() async throws { try await target.send { id, _ in .resume(id, by: currentUser()) } }
}

struct PauseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "pause", abstract: "Pause a rollout where it is.")
    @OptionGroup var target: DeploymentArgument

    func run() async throws { try await target.send { id, _ in .pause(id, by: currentUser()) } }
}

struct PromoteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "promote", abstract: "Go on to a rollout's next step, or with --full to its end.")
    @OptionGroup var target: DeploymentArgument
    @Flag(help: "Skip the remaining steps; gates are still asked.")
    var full = false

    func run() async throws { try await target.send { id, _ in .promote(id, full: full, by: currentUser()) } }
}

struct AbortCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "abort", abstract: "End a rollout and go back to the champion.")
    @OptionGroup var target: DeploymentArgument
    @Option(help: "Why; recorded.")
    var reason = "aborted by hand"

    func run() async throws { try await target.send { id, _ in .abort(id, by: currentUser(), reason: reason) } }
}

struct ApproveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approve",
        abstract: "Approve the version that a Deployment wants to move to; covers that version only.")
    @OptionGroup var target: DeploymentArgument
    @Option(help: "The version, by its digest or the beginning of it; by default what is wanted now.")
    var version: String?

    func run() async throws {
        try await target.send { id, found in
            // What is approved is what was seen here, whatever is wanted when the command arrives.
            guard let text = found.rollout?.candidate ?? found.desired, let wanted = VersionID(text) else {
                throw APIProblem(.refused, "\(found.name) wants no version at present")
            }
            if let version, !text.hasPrefix(version), !text.hasPrefix("sha256:\(version)") {
                throw APIProblem(.refused, "\(found.name) wants version \(wanted.short), not \(version)")
            }
            return .approve(id, wanted, by: currentUser())
        }
    }
}

struct AdoptCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "adopt", abstract: "Take a known version as the champion that a target already serves.")
    @OptionGroup var target: DeploymentArgument
    @Option(help: "The version's digest, or the beginning of it.")
    var version: VersionArgument

    func run() async throws {
        let version = try await version.resolve(target.controller)
        try await target.send { id, _ in .adopt(id, version, by: currentUser()) }
    }
}

/// The command `headgate override POLICY --deployment D --reason … --expires …`.
struct OverrideCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "override",
        abstract: "Permit one version past one policy, recorded with author, reason and expiry.")
    @Argument(help: "The policy's name.", completion: .policies)
    var policy: String
    @Option(help: "The Deployment.", completion: .deployments)
    var deployment: String
    @Option(help: "Why; recorded.")
    var reason: String
    @Option(help: "How long it holds, such as 24h; at most 30d.")
    var expires: String
    @Option(help: "The version's digest, or the beginning of it; by default what HEAD asks for.")
    var version: VersionArgument?
    @OptionGroup var waiting: WaitOptions
    @OptionGroup var controller: ControllerOptions

    func validate() throws {
        guard PolicyName(policy) != nil else { throw ValidationError("\(policy) is not a policy's name") }
        guard let span = Duration(text: expires), span > .zero, span <= .seconds(30 * 86_400) else {
            throw ValidationError("--expires must be a duration up to 30d, such as 24h")
        }
        guard reason.contains(where: { !$0.isWhitespace }) else { throw ValidationError("--reason must not be empty") }
    }

    func run() async throws {
        guard let policy = PolicyName(policy), let span = Duration(text: expires) else { return }
        let given = try await version.resolve(controller)
        try await DeploymentArgument.send(deployment, controller.client(), waiting) { id, found in
            guard let version = given ?? found.desired.flatMap({ VersionID($0) }) else {
                throw APIProblem(
                    .refused, "the version that \(deployment) wants to move to is not known yet: give --version")
            }
            let now = Instant.now
            return .override(
                Override(
                    policy: policy, deployment: id, version: version, author: currentUser(), reason: reason,
                    expires: now + span, recorded: now))
        }
    }
}

/// The command `headgate retry KIND/NAME`.
struct RetryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry", abstract: "Try again what failed: a Model's step, or a Deployment's rollout.")
    @Argument(help: "model/NAME or deployment/NAME.", completion: .objects)
    var object: String
    @OptionGroup var waiting: WaitOptions
    @OptionGroup var controller: ControllerOptions

    func run() async throws {
        let parts = object.split(separator: "/", maxSplits: 1).map(String.init)
        guard parts.count == 2, let resource = GetCommand.Resource(argument: parts[0].lowercased()),
            resource == .models || resource == .deployments
        else { throw ValidationError("\(object): name it as model/NAME or deployment/NAME") }
        let client = try controller.client()
        guard resource == .models else {
            return try await DeploymentArgument.send(parts[1], client, waiting) { id, _ in .retry(ObjectID(id)) }
        }
        let model = try await client.get("/api/v1/models", as: [ModelResource].self).one("model", parts[1])
        guard let source = SourceName(model.source) else { return }
        let command = Command.retry(ObjectID(source: source, kind: .model, name: model.name))
        let answer = try await client.post("/api/v1/commands", command, as: CommandAnswer.self)
        for line in answer.done { Terminal.note(Renderer.clean(line)) }
    }
}

/// The command `headgate reconcile [SOURCE]`.
struct ReconcileCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reconcile", abstract: "Look at a repository's remote now instead of at the next poll.")
    @Argument(help: "The source; by default all.", completion: .sources)
    var source: String?
    @OptionGroup var controller: ControllerOptions

    func run() async throws {
        let client = try controller.client()
        let sources = try await client.get("/api/v1/status", as: StatusResource.self).sources
        for found in try source.map({ [try sources.one("source", $0)] }) ?? sources {
            _ = try await client.post("/api/v1/sources/\(found.name)/reconcile", [String](), as: CommandAnswer.self)
            Terminal.note("looks at \(found.name) now")
        }
    }
}

/// The command `headgate prune SOURCE`.
struct PruneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune", abstract: "Let a commit that deletes many Deployments at once do so.")
    @Argument(help: "The source.", completion: .sources)
    var source: String
    @OptionGroup var controller: ControllerOptions

    func run() async throws {
        let client = try controller.client()
        let found = try await client.get("/api/v1/status", as: StatusResource.self).sources.one("source", source)
        guard let name = SourceName(found.name) else { return }
        let command = Command.confirmPrune(name, by: currentUser())
        let answer = try await client.post("/api/v1/commands", command, as: CommandAnswer.self)
        for line in answer.done { Terminal.note(Renderer.clean(line)) }
    }
}
