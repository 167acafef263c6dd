import Foundation
import HeadgateAPI
import HeadgateCore
import HeadgatePolicy
import HeadgateStore

/// Retention and backup of a state folder, beside the controller that uses it or in its stead.
struct StateMaintenance: Sendable {
    typealias Work = @Sendable (ReconcilerState) async -> (PrunedRecords, before: Instant)?
    typealias Progress = @Sendable (_ phase: String, _ bytes: Int64) -> Void

    let layout: StateLayout
    let ledger: SQLiteLedger
    let objects: FolderObjectStore
    let planner: PipelinePlanner
    /// Runs work while nothing is decided and has what it forgot forgotten; false when it was not run.
    let pause: @Sendable (@escaping Work) async -> Bool

    /// How long what nobody reaches stays: a step stores its outputs a while before the ledger names them.
    static let grace = Duration.seconds(3600)
    /// Champions of each Deployment that stay, however old.
    private static let champions = ReconcilerSettings().keptChampions

    func perform(_ request: MaintenanceRequest, _ progress: @escaping Progress) async throws -> MaintenanceStatus {
        var status = MaintenanceStatus(number: 0, phase: "")
        do {
            switch request {
            case .collect(let age, let isTrial):
                status.collection = try await collect(before: .now - age, isTrial: isTrial, progress)
            case .backup(let path, let objects):
                status.backup = objects ? try await backup(all: path, progress) : try await backup(ledger: path)
            }
        } catch let error as LedgerError {
            throw APIProblem(error.code == .refused ? .refused : .failed, error.message)
        } catch let error as StorageError {
            throw APIProblem(error.code == .alreadyExists ? .refused : .failed, error.message)
        }
        return status
    }

    private func collect(
        before: Instant, isTrial: Bool, _ progress: @escaping Progress
    ) async throws -> CollectionReport {
        progress("looking for what is beyond retention", 0)
        let found = Answer<(PrunedRecords, LedgerRoots)>()
        let isDone = await pause { [ledger, planner] state in
            let wanted = state.wantedKeys(planner)
            do throws(LedgerError) {
                guard !isTrial else {
                    let trial = try await ledger.wouldPrune(
                        before: before, keepingChampions: Self.champions, wanted: wanted)
                    await found.set(.success(trial))
                    return nil
                }
                let pruned = try await ledger.prune(before: before, keepingChampions: Self.champions, wanted: wanted)
                await found.set(.success((pruned, LedgerRoots())))
                return (pruned, before: before)
            } catch {
                await found.set(.failure(error))
                return nil
            }
        }
        guard isDone, let (pruned, planned) = try await found.value?.get() else {
            throw APIProblem(.failed, "the controller stops: nothing was collected")
        }
        let roots = isTrial ? planned : try await ledger.roots()
        let freed = try await objects.collect(keeping: roots.trees, olderThan: Self.grace, isTrial: isTrial) { bytes in
            progress("looking through the objects", bytes)
        }
        progress("looking through runs and environments", freed)
        let folders = try await layout.sweepFolders(keeping: roots, olderThan: Self.grace, isTrial: isTrial)
        return CollectionReport(
            pruned, isTrial: isTrial, objects: freed, environments: folders.environments, runs: folders.runs)
    }

    private func backup(ledger path: String) async throws -> BackupReport {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        guard FileManager.default.fileExists(atPath: folder) else {
            throw APIProblem(.refused, "\(folder) does not exist: make that folder first")
        }
        try await ledger.backup(to: path)
        return BackupReport(path: path, objects: nil, bytes: Self.size(path))
    }

    /// The ledger first: objects never change, so a later copy of them holds all that the earlier ledger names.
    private func backup(all path: String, _ progress: @escaping Progress) async throws -> BackupReport {
        let files = FileManager.default
        guard try !files.fileExists(atPath: path) || files.contentsOfDirectory(atPath: path).isEmpty else {
            throw APIProblem(.refused, "\(path) is not empty: name a folder that is, or that does not exist")
        }
        let partial = StateLayout("\(path).partial")
        do {
            try? files.removeItem(atPath: partial.root)
            try files.createDirectory(
                atPath: partial.root, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            progress("copying the ledger", 0)
            try await ledger.backup(to: partial.ledger)
            let size = Self.size(partial.ledger)
            let copied = try await objects.copy(into: partial.objects) { bytes in
                progress("copying the objects", size + bytes)
            }
            // An empty folder gives way to it; half a backup never has the name.
            guard rename(partial.root, path) == 0 else {
                throw APIProblem(.failed, "cannot write \(path): \(String(cString: strerror(errno)))")
            }
            return BackupReport(path: path, objects: copied.objects, bytes: size + copied.bytes)
        } catch {
            try? files.removeItem(atPath: partial.root)
            if error is LedgerError || error is StorageError || error is APIProblem { throw error }
            throw APIProblem(.failed, "cannot write \(path): \(error.localizedDescription)")
        }
    }

    private static func size(_ file: String) -> Int64 {
        ((try? FileManager.default.attributesOfItem(atPath: file)[.size]) as? NSNumber)?.int64Value ?? 0
    }
}

/// An answer that another task brings.
private actor Answer<Value: Sendable> {
    private(set) var value: Result<Value, LedgerError>?
    func set(_ value: Result<Value, LedgerError>) { self.value = value }
}

extension StateMaintenance {
    /// For a folder that no controller uses; the lock is held as long as the value that is given lives.
    static func alone(on root: String) async throws -> (StateMaintenance, StateFolder) {
        do {
            let layout = StateLayout(root)
            guard FileManager.default.fileExists(atPath: layout.ledger) else {
                throw APIProblem(.notFound, "there is no ledger in \(root)")
            }
            let folder = try StateFolder(root)
            let ledger = try SQLiteLedger(path: layout.ledger)
            let contents = try await ledger.load()
            let host = HostFacts.ofThisMachine()
            let maintenance = StateMaintenance(
                layout: layout, ledger: ledger, objects: try FolderObjectStore(path: layout.objects),
                planner: PipelinePlanner(host: host)
            ) { work in
                var reconciler = Reconciler(contents: contents, host: host, judge: PolicyJudge())
                guard let (pruned, before) = await work(reconciler.state) else { return true }
                let decision = reconciler.handle(.pruned(pruned, before: before), now: .now, jitter: 0)
                return (try? await ledger.commit(decision.records)) != nil
            }
            return (maintenance, folder)
        } catch let error as StateFolderError {
            throw APIProblem(error.code == .locked ? .refused : .failed, error.message)
        } catch let error as LedgerError {
            throw APIProblem(.failed, error.message)
        } catch let error as StorageError {
            throw APIProblem(.failed, error.message)
        }
    }
}
