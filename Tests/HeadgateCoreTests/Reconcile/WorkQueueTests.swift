import Testing

@testable import HeadgateCore

@Suite struct WorkQueueTests {
    private static func item(_ number: Int) -> WorkItem {
        let text = "object-\(number)"
        return number.isMultiple(of: 2)
            ? .model(ModelID(source: World.source, name: name(ModelName(text))))
            : .deployment(DeploymentID(source: World.source, name: name(DeploymentName(text))))
    }

    @Test(arguments: 1...20) func `items come out once each, in order, Models first`(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var queue = WorkQueue()
        var expected: Set<WorkItem> = []
        for _ in 0..<200 {
            let item = Self.item(Int.random(in: 0..<60, using: &generator))
            if Int.random(in: 0..<4, using: &generator) == 0 {
                #expect(queue.popFirst() == expected.min())
                if let least = expected.min() { expected.remove(least) }
            } else {
                queue.formUnion([item, item])
                expected.insert(item)
            }
        }
        var rest: [WorkItem] = []
        while let next = queue.popFirst() { rest.append(next) }
        #expect(rest == expected.sorted())
        #expect(queue.isEmpty)
    }
}
