import Foundation
import HeadgateController
import HeadgateCore
import HeadgateGit
import HeadgateManifest
import HeadgateProviders
import Yams

/// What an operator decides about a controller: a YAML file, or the options of `headgate run`.
struct ControllerConfiguration: Codable, Sendable {
    struct Source: Codable, Sendable {
        var name: String?
        var url: String
        var branch: String?
        var tag: String?
        var semver: String?
        var commit: String?
        var path: String?
        var poll: String?
        var credentials: Credentials?
        var knownHosts: String?
        var certificates: String?
        var allowedSigners: String?
        /// Who authors the commits that are written to it.
        var author: Author?
    }

    struct Author: Codable, Sendable {
        var name: String?
        var email: String?
        /// A file that holds a private key, ed25519 without a passphrase.
        var signingKey: String?
    }

    struct Credentials: Codable, Sendable {
        var user: String?
        /// A file that holds a password or token.
        var passwordFile: String?
        /// A file that holds a private key, ed25519 or ECDSA.
        var sshKey: String?
        /// A file that holds the key's passphrase.
        var passphraseFile: String?
        var sshAgent: Bool?
    }

    struct Hook: Codable, Sendable {
        var kind: Webhooks.Kind
        var source: String
        var secretFile: String
    }

    /// A program that Targets of type `exec` may name.
    struct TargetProgram: Codable, Sendable {
        var command: [String]
        /// Variables besides PATH and LANG.
        var environment: [String: String]?
        /// How long an answer may take; by default 30s.
        var within: String?
    }

    struct Limits: Codable, Sendable {
        var concurrentSteps: Int?
        /// Hosts that pinned data may come from.
        var dataHosts: [String]?
        /// Folders that pinned data may come from.
        var dataFolders: [String]?
        /// How long a target that does not answer keeps a Deployment that left it; by default 10m.
        var removalDeadline: String?
    }

    /// When what is beyond retention is deleted.
    struct Collection: Codable, Sendable {
        var every: String
        var olderThan: String?
    }

    var sources: [Source]
    var state: String?
    var listen: String?
    var tokenFile: String?
    var router: RouterSettings?
    /// Environment variables of the controller that steps may name as secrets, or files that hold them.
    var secrets: [String: String]?
    var webhooks: [String: Hook]?
    var limits: Limits?
    var gc: Collection?
    /// Where results are shared with CI.
    var shared: SharedStoreSettings?
    var targetPrograms: [String: TargetProgram]?
    /// A folder of policies that guard every source, whatever its repository says.
    var protectedPolicies: String?

    struct RouterSettings: Codable, Sendable {
        var port: Int?
    }

    /// Reads a file; an unknown field is an error that names it.
    ///
    /// - Parameter path: Of the YAML file.
    /// - Returns: The configuration.
    /// - Throws: ``ConfigurationError``.
    static func read(_ path: String) throws -> ControllerConfiguration {
        let settings: ControllerConfiguration = try decode(path)
        if let steps = settings.limits?.concurrentSteps, steps < 1 {
            throw ConfigurationError("\(path): limits.concurrentSteps must be at least 1")
        }
        return settings
    }

    /// Of a configuration, which may be without sources, only where protected policies are.
    static func protectedPolicies(in path: String) throws -> String? {
        struct Part: Decodable { var protectedPolicies: String? }
        let part: Part = try decode(path)
        return part.protectedPolicies
    }

    private static func decode<Settings: Decodable>(_ path: String) throws -> Settings {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw ConfigurationError("\(path) cannot be read")
        }
        let root: Node
        do {
            guard let node = try Yams.compose(yaml: text) else { throw ConfigurationError("\(path) is empty") }
            root = node
        } catch let error as YamlError {
            throw ConfigurationError(error, in: path)
        }
        try refuseUnknown(root, path)
        do {
            return try YAMLDecoder().decode(Settings.self, from: text)
        } catch let error as DecodingError {
            throw ConfigurationError(error, in: path, root)
        }
    }

    private static let fields: [String: Set<String>] = [
        "": [
            "sources", "state", "listen", "tokenFile", "router", "secrets", "webhooks", "limits", "gc", "shared",
            "targetPrograms", "protectedPolicies",
        ],
        "sources": [
            "name", "url", "branch", "tag", "semver", "commit", "path", "poll", "credentials", "knownHosts",
            "certificates", "allowedSigners", "author",
        ],
        "author": ["name", "email", "signingKey"],
        "credentials": ["user", "passwordFile", "sshKey", "passphraseFile", "sshAgent"],
        "router": ["port"],
        "limits": ["concurrentSteps", "dataHosts", "dataFolders", "removalDeadline"],
        "gc": ["every", "olderThan"],
        "shared": ["url", "keyFile", "trustedKeys", "builder"],
    ]

    private static func refuseUnknown(_ node: Node?, _ path: String, section: String = "") throws {
        guard let mapping = node?.mapping, let known = fields[section] else { return }
        for (key, value) in mapping {
            guard let name = key.string else { continue }
            guard known.contains(name) else {
                let hint =
                    Spelling.nearest(to: name, among: known.sorted()).map { "did you mean \"\($0)\"?" }
                    ?? "known are \(known.sorted().joined(separator: ", "))"
                throw ConfigurationError("\(path)\(key.place): unknown field \"\(name)\"; \(hint)")
            }
            if let items = value.sequence {
                for item in items { try refuseUnknown(item, path, section: name) }
            } else {
                try refuseUnknown(value, path, section: name)
            }
        }
    }
}

extension ControllerConfiguration {
    /// The programs that Targets may name.
    func targetPrograms(_ searchPath: String) throws -> [String: ExecTargets.Program] {
        var programs: [String: ExecTargets.Program] = [:]
        for (name, program) in targetPrograms ?? [:] {
            guard program.command.first?.isEmpty == false else {
                throw ConfigurationError("targetPrograms.\(name).command is empty")
            }
            let within = Duration(text: program.within ?? "30s")
            guard let within, within >= .milliseconds(100) else {
                throw ConfigurationError(
                    "targetPrograms.\(name).within: \(program.within ?? "") is not a time such as 30s")
            }
            let environment = ["PATH": searchPath, "LANG": "C.UTF-8"]
            programs[name] = ExecTargets.Program(
                command: program.command, environment: environment.merging(program.environment ?? [:]) { $1 },
                within: within)
        }
        return programs
    }
}

extension ControllerConfiguration.Source {
    /// The source's name: given, or made of the address's last part.
    func sourceName(_ index: Int) throws -> SourceName {
        if let name {
            guard let valid = SourceName(name) else {
                throw ConfigurationError("sources[\(index)].name: \(name) is not a name (a-z, 0-9 and -, up to 63)")
            }
            return valid
        }
        let last = url.split(whereSeparator: { $0 == "/" || $0 == ":" }).last.map(String.init) ?? ""
        let base = last.hasSuffix(".git") ? String(last.dropLast(4)) : last
        let cleaned = base.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }
        return SourceName(String(String(cleaned).prefix(63))) ?? SourceName("default").orDie("a constant name is valid")
    }

    func reference() throws -> TrackedReference {
        let given = [branch, tag, semver, commit].compactMap { $0 }
        guard given.count <= 1 else { throw ConfigurationError("\(url): give one of branch, tag, semver and commit") }
        if let branch { return .branch(branch) }
        if let tag { return .tag(tag) }
        if let semver {
            guard let range = VersionRange(semver) else { throw ConfigurationError("\(semver) is not a version range") }
            return .versions(range)
        }
        if let commit {
            guard let id = CommitID(commit) else { throw ConfigurationError("\(commit) is not a commit's 40 digits") }
            return .commit(id)
        }
        return .head
    }

    func remote() throws -> GitRemote {
        let isLocal = !url.contains("://") && FileManager.default.fileExists(atPath: url)
        let absolute = isLocal && !url.hasPrefix("/") ? "\(FileManager.default.currentDirectoryPath)/\(url)" : url
        do {
            return try GitRemote(
                url: RemoteURL(absolute), credentials: gitCredentials(),
                hostKeys: knownHosts.map { .file($0) } ?? .userFiles, certificates: certificates)
        } catch let error as SourceError {
            throw ConfigurationError(error.message)
        }
    }

    /// Whose SSH signatures count as verified; nobody's unless the file is given.
    func signers() throws -> AllowedSigners {
        guard let file = allowedSigners else { return AllowedSigners() }
        guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
            throw ConfigurationError("the allowed signers file \(file) cannot be read")
        }
        do { return try AllowedSigners(text) } catch { throw ConfigurationError("\(file): \(error)") }
    }

    private func gitCredentials() throws -> GitCredentials {
        guard let credentials else { return .none }
        if let key = credentials.sshKey {
            let passphrase = try credentials.passphraseFile.map(Self.secret)
            return .sshKey(path: key, passphrase: passphrase, user: credentials.user)
        }
        if credentials.sshAgent == true { return .sshAgent(user: credentials.user) }
        guard let file = credentials.passwordFile else { return .none }
        return .password(user: credentials.user ?? "git", try Self.secret(in: file))
    }

    private static func secret(in file: String) throws -> Secret {
        guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
            throw ConfigurationError("\(file) cannot be read")
        }
        return Secret(text.trimmingCharacters(in: .whitespacesAndNewlines))
    }

    func interval() throws -> Duration {
        guard let poll else { return .seconds(30) }
        guard let duration = Duration(text: poll), duration >= .milliseconds(100) else {
            throw ConfigurationError("poll: \(poll) is not an interval such as 5s, and at least 100ms")
        }
        return duration
    }
}

extension Optional {
    /// The value of something that cannot be nil here.
    func orDie(_ reason: String) -> Wrapped {
        guard let self else { preconditionFailure(reason) }
        return self
    }
}
