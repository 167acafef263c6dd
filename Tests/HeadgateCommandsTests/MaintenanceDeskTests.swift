import Foundation
import HeadgateAPI
import HeadgateCore
import HeadgateStore
import HeadgateTestSupport
import Logging
import Testing

@testable import HeadgateCommands

/// Collections that are due beside work that people ask for.
@Suite(.timeLimit(.minutes(2))) struct MaintenanceDeskTests {
    /// Work that waits for a test to let it go on.
    private actor Gate {
        private(set) var entered = 0
        private var isOpen = false
        private var waiting: [CheckedContinuation<Void, Never>] = []

        func pass() async {
            entered += 1
            if !isOpen { await withCheckedContinuation { waiting.append($0) } }
        }

        func letOne() { if !waiting.isEmpty { waiting.removeFirst().resume() } }

        func open() {
            isOpen = true
            while !waiting.isEmpty { letOne() }
        }
    }

    private let gate = Gate()
    private let folder = NSTemporaryDirectory() + "desk-\(UUID().uuidString)"

    private func desk() throws -> MaintenanceDesk {
        let layout = StateLayout(folder)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let maintenance = StateMaintenance(
            layout: layout, ledger: try SQLiteLedger(path: layout.ledger),
            objects: try FolderObjectStore(path: layout.objects),
            planner: PipelinePlanner(host: HostFacts(operatingSystem: "linux", architecture: "x", interpreters: [:]))
        ) { [gate] work in
            await gate.pass()
            _ = await work(ReconcilerState())
            return true
        }
        let schedule = CollectionSchedule(
            every: .milliseconds(5), olderThan: .seconds(3600), mark: folder + "/collected")
        return MaintenanceDesk(
            maintenance, schedule, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    @Test func `a collection that is due takes its turn, and who asked for another hears nothing of it`() async throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let (desk, gate) = (try desk(), gate)
        let request = MaintenanceRequest.collect(olderThan: .seconds(3600), isTrial: true)
        let first = try desk.begin(request)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await desk.run() }
            try #require(await eventually { await gate.entered == 1 })
            #expect(throws: APIProblem.self) { try desk.begin(request) }
            await gate.letOne()
            // Nobody asked for the second.
            try #require(await eventually { await gate.entered == 2 })
            #expect(desk.status()?.number == first.number)
            #expect(desk.status()?.isOver == true && desk.status()?.collection?.isTrial == true)
            let second = try desk.begin(request)
            #expect(second.phase == "waits for the scheduled collection")
            #expect(throws: APIProblem.self) { try desk.begin(request) }
            await gate.open()
            try #require(await eventually { desk.status()?.isOver == true })
            #expect(desk.status()?.number == second.number && desk.status()?.collection?.isTrial == true)
            #expect(desk.status(of: first.number)?.isOver == true)
            #expect(desk.status(of: second.number + 1) == nil)
            group.cancelAll()
        }
    }
}
