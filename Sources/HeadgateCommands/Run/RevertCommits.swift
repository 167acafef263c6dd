import Foundation
import HeadgateAPI
import HeadgateController
import HeadgateCore
import HeadgateGit

/// Takes a Deployment back to an earlier version by a commit, as a person would with `git revert` and `git push`.
///
/// It reverts whole commits, those since the version was wanted that changed what it is made of, and pushes only what it
/// knows to bring that version back without a step (I3).
struct RevertCommits: Sendable {
    /// A repository that commits are written to.
    struct Source: Sendable {
        let mirror: Mirror
        let path: RepositoryPath
        let reference: String
        let author: CommitFacts.Person
        /// Signs them; nil leaves them unsigned.
        let key: CommitSigner?
    }

    let sources: [SourceName: Source]
    let planner: PipelinePlanner
    let deadline = Duration.seconds(300)

    /// What was pushed.
    struct Pushed: Sendable {
        let revision: Revision
        let reverted: [CommitID]
        let version: VersionID
        let isSigned: Bool
    }

    func takeBack(_ request: RevertRequest, _ state: ReconcilerState) async throws -> Pushed {
        let id = request.deployment
        guard let source = sources[id.source] else {
            throw APIProblem(.notFound, "there is no source named \(id.source)")
        }
        guard let record = state.records[id] else {
            throw APIProblem(.refused, "nothing serves on \(id.name) yet")
        }
        let version = try goal(request.to, record)
        var made: [CommitID] = []
        do {
            let revision = try await source.mirror.push(deadline: deadline) { tip in
                let found = try await reverts(of: id, to: version, record, state, source, tip)
                made = found.commits
                return try await commit(found.commits, request, version, source, tip, found.subject)
            }
            return Pushed(revision: revision, reverted: made, version: version, isSigned: source.key != nil)
        } catch let error as SourceError {
            let isUnsigned = error.code == .refused && source.key == nil
            let hint = isUnsigned ? "; the commit was not signed, as a protected branch may want it" : ""
            throw APIProblem(error.mayRetry ? .failed : .refused, error.message + hint)
        }
    }

    /// The version to go back to: where HEAD asks for another one than serves, that which serves.
    private func goal(_ wanted: VersionID?, _ record: DeploymentRecord) throws -> VersionID {
        let present = record.champion?.version
        let goal = wanted ?? (record.desired == present ? record.earlierChampion : present)
        guard let goal, record.history.contains(where: { $0.version == goal }) else {
            let why = wanted.map { "version \($0.short) was never its champion" }
            throw APIProblem(.refused, why ?? record.noEarlierChampion)
        }
        guard goal != record.desired else {
            throw APIProblem(.refused, "HEAD asks for version \(goal.short) already")
        }
        return goal
    }

    private struct Found {
        let commits: [CommitID]
        let subject: String
    }

    /// The commits whose revert brings a version back, newest first.
    private func reverts(
        of id: DeploymentID, to version: VersionID, _ record: DeploymentRecord, _ state: ReconcilerState,
        _ source: Source, _ tip: Revision
    ) async throws -> Found {
        var reason = "no commit of \(tip.reference) is known to ask for version \(version.short)"
        let manifests = ManifestSnapshots(
            source: id.source, repository: source.mirror, path: source.path, reference: source.reference)
        for origin in origins(of: version, record, state) {
            guard let since = try await source.mirror.commits(since: origin, to: tip.commit) else { continue }
            var commits: [CommitID] = []
            var before = try await manifests.snapshot(of: origin).desired.recipe(of: id.name)
            for commit in since.reversed() {
                let after = try await manifests.snapshot(of: commit).desired.recipe(of: id.name)
                if after != before { commits.insert(commit, at: 0) }
                before = after
            }
            guard let last = commits.first else { continue }
            // Tried before anything is pushed: what it brings must be the version that was asked for.
            let trial = try await source.mirror.revert(
                commits, onto: tip.commit, message: "trial\n", by: source.author, at: Instant(milliseconds: 0))
            switch outcome(of: try await manifests.snapshot(of: trial), id, state) {
            case .success(version):
                return Found(commits: commits, subject: try await source.mirror.facts(of: last).subject)
            case .success(let other):
                reason = "reverting \(Self.list(commits)) would bring version \(other.short), not \(version.short)"
            case .failure(let problem):
                reason = "reverting \(Self.list(commits)) would not bring version \(version.short): \(problem.message)"
            }
        }
        throw APIProblem(.refused, "\(reason); revert by hand, or hold it with `headgate rollback \(id.name)`")
    }

    /// Commits at which a version may have been what HEAD asked for, the latest first.
    ///
    /// A version that a hold brought back became champion at a commit that asked for another one.
    private func origins(of version: VersionID, _ record: DeploymentRecord, _ state: ReconcilerState) -> [CommitID] {
        var commits: [CommitID] = []
        for champion in record.history.reversed() where champion.version == version {
            let known = [champion.revision.commit, state.assessments[champion.assessment]?.revision.commit]
            for commit in known.compactMap(\.self) where !commits.contains(commit) { commits.append(commit) }
        }
        return commits
    }

    private struct Problem: Error { let message: String }

    /// The version that a Deployment would want at a commit, if nothing has to run for it.
    private func outcome(
        of snapshot: Snapshot, _ id: DeploymentID, _ state: ReconcilerState
    ) -> Result<VersionID, Problem> {
        guard let deployment = snapshot.desired.deployments[id.name],
            let model = snapshot.desired.models[deployment.spec.model]
        else { return .failure(Problem(message: "the Deployment or its Model would be gone or in error")) }
        let modelID = ModelID(source: id.source, name: deployment.spec.model)
        let plan = planner.plan(modelID, model) { state.steps[$0] }
        guard plan.isComplete else {
            let missing = plan.steps.filter { $0.record?.result == nil }.map(\.spec.name.text)
            return .failure(Problem(message: "\(missing.joined(separator: ", ")) would run again"))
        }
        let built = VersionBuilder(planner: planner).build(
            modelID, model, plan, revision: snapshot.revision, commit: snapshot.commit, now: .now)
        switch built {
        case .success(let (version, _)): return .success(version.id)
        case .failure(let problem): return .failure(Problem(message: problem.message))
        }
    }

    private func commit(
        _ commits: [CommitID], _ request: RevertRequest, _ version: VersionID, _ source: Source, _ tip: Revision,
        _ subject: String
    ) async throws -> CommitID {
        let name = request.deployment.name
        var message = commits.count == 1 ? "Revert \"\(subject)\"" : "Take \(name) back to version \(version.short)"
        message += "\n\n"
        for commit in commits { message += "This reverts commit \(commit.hex).\n" }
        message += "\nDeployment \(name) goes back to version \(version.short): \(Self.line(request.reason))\n"
        message += "\nRequested-by: \(Self.line(request.by))\n"
        return try await source.mirror.revert(
            commits, onto: tip.commit, message: message, by: source.author, at: .now, signedWith: source.key)
    }

    /// A person's words cannot add trailers of their own.
    private static func line(_ text: String) -> String {
        var line = String.UnicodeScalarView()
        for scalar in text.unicodeScalars { line.append(scalar.properties.generalCategory == .control ? " " : scalar) }
        return String(line)
    }

    private static func list(_ commits: [CommitID]) -> String {
        let more = commits.count > 3 ? " and \(commits.count - 3) more" : ""
        return commits.prefix(3).map(\.short).joined(separator: ", ") + more
    }
}

extension DesiredState {
    /// What determines a Deployment's version: its Model, and all that the Model is made of.
    fileprivate struct Recipe: Equatable {
        let name: ModelName
        let model: ModelSpec?
        let tracked: [RepositoryPath: TrackedEntry]
    }

    fileprivate func recipe(of name: DeploymentName) -> Recipe? {
        guard let model = deployments[name]?.spec.model else { return nil }
        return Recipe(name: model, model: models[model]?.spec, tracked: models[model]?.tracked ?? [:])
    }
}
