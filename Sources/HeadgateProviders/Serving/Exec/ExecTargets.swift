package import HeadgateCore
package import Logging

/// All exec targets, and the programs that they speak to: one process for each program.
package actor ExecTargets {
    /// A program that the controller's operator trusts.
    package struct Program: Sendable {
        package var command: [String]
        package var environment: [String: String]
        /// How long an answer may take.
        package var within: Duration

        package init(command: [String], environment: [String: String], within: Duration = .seconds(30)) {
            self.command = command
            self.environment = environment
            self.within = within
        }
    }

    private let programs: [String: ExecProgram]
    private let folder: String
    private let filler: WorkspaceFiller
    /// By place, as long as a target has them.
    private var bundles: [String: Held] = [:]

    private struct Held {
        weak var bundles: ExecBundles?
    }

    /// - Parameters:
    ///   - programs: By the name that Targets give.
    ///   - runner: Says where the state folder is.
    ///   - store: Holds artifacts.
    ///   - sources: The mirrors that hold serve inputs.
    ///   - logger: Gets what programs say, and their ends.
    package init(
        programs: [String: Program], runner: RunnerConfiguration, store: any ObjectStore,
        sources: [SourceName: any SourceRepository], logger: Logger = Logger(label: "headgate.exec")
    ) {
        var made: [String: ExecProgram] = [:]
        for (name, program) in programs { made[name] = ExecProgram(name: name, program: program, logger: logger) }
        self.programs = made
        folder = runner.state + "/exec"
        filler = WorkspaceFiller(
            store: store, sources: sources,
            pins: PinFetcher(policy: runner.pins, store: store, folder: runner.state + "/pins"))
    }

    /// The target that a spec describes.
    package func target(_ id: TargetID, _ spec: ExecTargetSpec) async throws(TargetError) -> ExecTarget {
        guard let program = programs[spec.program] else {
            let known = programs.keys.sorted().joined(separator: ", ")
            throw TargetError(
                .rejected,
                "no program is named \(spec.program): the controller's configuration "
                    + (known.isEmpty ? "names none" : "names \(known)"))
        }
        // Draining one system takes no files from another, though both had the Target's name.
        let path = "\(id.source.text)/\(id.name.text)/\(Digest.of(Array(spec.identity.utf8)).short)"
        let place = bundles[path]?.bundles ?? ExecBundles(folder: "\(folder)/\(path)", filler: filler)
        bundles = bundles.filter { $0.value.bundles != nil }
        bundles[path] = Held(bundles: place)
        return try await ExecTarget(name: id.name.text, spec: spec, program: program, bundles: place)
    }

    /// Runs the programs until the task is cancelled.
    package func run() async {
        await withDiscardingTaskGroup { group in
            for program in programs.values { group.addTask { await program.run() } }
        }
    }
}
