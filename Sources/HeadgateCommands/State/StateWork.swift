import ArgumentParser
import Foundation
import HeadgateAPI
import HeadgateCore
import HeadgateStore

/// Has work on a state folder done by the controller that uses it, or does it where none does.
struct StateWork {
    let controller: ControllerOptions

    func perform(_ request: MaintenanceRequest) async throws -> MaintenanceStatus {
        var progress = ProgressLine()
        defer { progress.finish() }
        let named = controller.address ?? (controller.state == nil ? environment["HEADGATE_ADDRESS"] : nil)
        let root = ControllerOptions.stateFolder(controller.state)
        guard named != nil || StateFolder.owner(of: StateLayout(root)) != nil else {
            let (maintenance, folder) = try await StateMaintenance.alone(on: root)
            defer { withExtendedLifetime(folder) {} }
            let status = try await maintenance.perform(request) { _, _ in }
            try maintenance.ledger.close()
            return status
        }
        let client = try controller.client()
        let begun = try await client.post("/api/v1/maintenance", request, as: MaintenanceStatus.self)
        while true {
            let status: MaintenanceStatus
            do {
                status = try await client.get("/api/v1/maintenance?number=\(begun.number)", as: MaintenanceStatus.self)
            } catch let problem as APIProblem where problem.code == .notFound {
                throw APIProblem(.failed, "the controller was started again meanwhile: ask again")
            }
            if let problem = status.problem { throw problem }
            if status.isOver { return status }
            if Terminal.isTalkInteractive { progress.show(status.phase, Columns.byteText(status.bytes)) }
            // The controller tells how far it is when it is asked; it has no stream to wait on.
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    private var environment: [String: String] { ProcessInfo.processInfo.environment }
}
