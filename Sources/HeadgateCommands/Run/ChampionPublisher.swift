import HeadgateController
import HeadgateCore
import HeadgateProviders
import Logging
import ServiceLifecycle

/// Tells the shared store which version each Deployment serves, signed, so that CI can compare with it.
///
/// It looks at what is, not at what happened (I5), and writes only what differs from what stands there.
struct ChampionPublisher: Service {
    let controller: Controller
    let shared: SharedStore
    let logger: Logger

    /// How soon it tries again what the store did not take.
    private static let interval = Duration.seconds(30)

    func run() async throws {
        await cancelWhenGracefulShutdown {
            // Any number of events while one round is under way make one more round.
            let (nudges, inbox) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
            await withDiscardingTaskGroup { group in
                group.addTask { [controller] in for await _ in await controller.subscribe() { inbox.yield() } }
                group.addTask {
                    while (try? await Task.sleep(for: Self.interval)) != nil { inbox.yield() }
                }
                var published: [DeploymentID: ChampionEvidence] = [:]
                await publish(&published)
                for await _ in nudges { await publish(&published) }
                group.cancelAll()
            }
        }
    }

    private func publish(_ published: inout [DeploymentID: ChampionEvidence]) async {
        let state = await controller.state
        for id in state.records.keys.sorted() {
            guard let champion = state.champion(of: id), published[id] != champion else { continue }
            // A target that was not asked yet says nothing about who serves.
            if case .unknown = champion, published[id] == nil { continue }
            do throws(StorageError) {
                try await shared.publish(champion, of: id, now: .now)
                published[id] = champion
            } catch {
                logger.warning(
                    "champion not published", metadata: ["deployment": "\(id.name)", "cause": "\(error.message)"])
            }
            if Task.isCancelled { return }
        }
    }
}
