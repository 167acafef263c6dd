import HeadgateController
import HeadgateCore
import HeadgateManifest
import HeadgatePolicy

/// Reads a source's manifests at a commit, with work in proportion to what changed since the last one.
actor ManifestSnapshots: SnapshotMaker {
    private let source: SourceName
    private let repository: any SourceRepository
    private let reference: String
    private let judge: PolicyJudge
    private var builder: SnapshotBuilder
    /// What is wrong with policies' expressions.
    private var problems: [PolicyName: [Diagnostic]] = [:]
    /// What is wrong with the expressions of Deployments' checks.
    private var checkProblems: [DeploymentName: [Diagnostic]] = [:]
    /// What was given last, or was in force before: a Deployment whose checks are in error stays as it is here (I11).
    private var goodDeployments: [DeploymentName: Object<DeploymentSpec>]
    private var isFirst = true
    /// The folder of policies from outside of the repository; nil for none.
    private let protected: String?
    /// What was taken from there last.
    private var outside: [PolicyName: Object<PolicySpec>] = [:]

    /// - Parameters:
    ///   - source: The source's name.
    ///   - repository: Where it is read from.
    ///   - path: The folder of the manifests.
    ///   - reference: What is followed, for revisions.
    ///   - lastGood: What was in force when the controller stopped.
    ///   - judge: Checks policies' expressions.
    ///   - protected: A folder of policies that take the place of the repository's, read at each commit.
    init(
        source: SourceName, repository: any SourceRepository, path: RepositoryPath, reference: String,
        lastGood: DesiredState = DesiredState(), judge: PolicyJudge = PolicyJudge(),
        protected: String? = nil
    ) {
        self.protected = protected
        self.source = source
        self.repository = repository
        self.reference = reference
        self.judge = judge
        goodDeployments = lastGood.deployments
        builder = SnapshotBuilder(source: source, folder: path, lastGood: lastGood)
    }

    var decodedFiles: Int { builder.decodedFiles }

    func snapshot(of commit: CommitID) async throws(SourceError) -> Snapshot {
        try await snapshot(of: Revision(reference: reference, commit: commit))
    }

    func snapshot(of revision: Revision) async throws(SourceError) -> Snapshot {
        let commit = revision.commit
        let protects = if let protected { try await ProtectedPolicies(folder: protected).policies } else { outside }
        let facts = try await repository.facts(of: commit)
        let prepared = try await builder.prepare(commit, from: repository)
        var changed = try builder.commit(prepared)
        var desired = builder.desired
        let names =
            isFirst
            ? Set(desired.policies.keys) : Set(changed.filter { $0.kind == .policy }.compactMap { PolicyName($0.name) })
        for name in names { problems[name] = desired.policies[name].map { judge.check(name, $0.spec) } }
        for name in problems.keys.sorted() { desired.diagnostics += problems[name] ?? [] }
        let deployments =
            isFirst
            ? Set(desired.deployments.keys)
            : Set(changed.filter { $0.kind == .deployment }.compactMap { DeploymentName($0.name) })
        for name in deployments {
            checkProblems[name] = desired.deployments[name].map { judge.check($0.spec.strategy) }
        }
        for (name, problems) in checkProblems.sorted(by: { $0.key < $1.key }) {
            desired.diagnostics += problems
            guard let problem = problems.first(where: { $0.severity == .error }) else { continue }
            desired.quarantined[ObjectID(DeploymentID(source: source, name: name))] = problem
            desired.deployments[name] = goodDeployments[name]
        }
        goodDeployments = desired.deployments
        let touched = Set(protects.keys).union(outside.keys).filter { protects[$0] != outside[$0] }
        changed.formUnion(touched.map { ObjectID(PolicyID(source: source, name: $0)) })
        outside = protects
        for (name, policy) in protects { desired.policies[name] = policy }
        defer { isFirst = false }
        return Snapshot(
            revision: revision, commit: facts, desired: desired,
            changed: isFirst ? nil : changed)
    }
}

extension DesiredState {
    /// What a ledger holds of one source.
    init(_ objects: [StoredObject], of source: SourceName) {
        self.init()
        for object in objects where object.id.source == source {
            switch object.spec {
            case .model(let value): if let name = ModelName(object.id.name) { models[name] = value }
            case .policy(let value): if let name = PolicyName(object.id.name) { policies[name] = value }
            case .deployment(let value): if let name = DeploymentName(object.id.name) { deployments[name] = value }
            case .target(let value): if let name = TargetName(object.id.name) { targets[name] = value }
            }
        }
    }
}
