import HeadgateCore
import Logging
import Synchronization

/// What all Deployments of one local target share.
struct LocalContext: Sendable {
    let configuration: LocalTargetConfiguration
    let filler: WorkspaceFiller
    let environments: PythonEnvironments
    let router: RouterSupervisor
    let ports: PortRegister
    let logger: Logger
}

/// Ports that were given to replicas of this machine, whether their servers run now or not.
final class PortRegister: Sendable {
    private let taken = Mutex<Set<Int>>([])

    func keep(_ port: Int) { taken.withLock { _ = $0.insert(port) } }
    func release(_ port: Int) { taken.withLock { _ = $0.remove(port) } }

    func take() -> Int? {
        taken.withLock { taken in
            let port = LoopbackPort.free(except: taken)
            if let port { taken.insert(port) }
            return port
        }
    }
}
