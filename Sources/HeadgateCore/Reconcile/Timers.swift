/// Deadlines by work item: at most one each, the earliest first.
package struct Timers: Sendable {
    private struct Entry {
        let at: Instant
        let item: WorkItem
    }

    private var heap: [Entry] = []
    private var current: [WorkItem: Instant] = [:]

    package init() {}

    /// The earliest deadline.
    package var next: Instant? {
        mutating get {
            dropStale()
            return heap.first?.at
        }
    }

    /// Sets an item's deadline, replacing the one it has; nil removes it.
    package mutating func set(_ item: WorkItem, at instant: Instant?) {
        guard current[item] != instant else { return }
        current[item] = instant
        guard let instant else { return }
        heap.append(Entry(at: instant, item: item))
        siftUp(heap.count - 1)
    }

    /// Takes out all items whose deadline has come, in order.
    package mutating func take(until now: Instant) -> [WorkItem] {
        var due: [WorkItem] = []
        while let first = heap.first, first.at <= now {
            let entry = pop(first)
            guard current[entry.item] == entry.at else { continue }
            current[entry.item] = nil
            due.append(entry.item)
        }
        return due.sorted()
    }

    private mutating func dropStale() {
        while let first = heap.first, current[first.item] != first.at { _ = pop(first) }
    }

    private mutating func pop(_ first: Entry) -> Entry {
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            siftDown(0)
        }
        return first
    }

    private mutating func siftUp(_ start: Int) {
        var child = start
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].at < heap[parent].at else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    private mutating func siftDown(_ start: Int) {
        var parent = start
        while true {
            let left = 2 * parent + 1
            guard left < heap.count else { return }
            let right = left + 1
            let least = right < heap.count && heap[right].at < heap[left].at ? right : left
            guard heap[least].at < heap[parent].at else { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
