/// Objects to look at, each once, the first in order first; adding and taking cost the logarithm of how many there are.
struct WorkQueue: Sendable {
    private var members: Set<WorkItem> = []
    /// A binary heap of the members.
    private var heap: [WorkItem] = []

    var isEmpty: Bool { heap.isEmpty }

    mutating func insert(_ item: WorkItem) {
        guard members.insert(item).inserted else { return }
        heap.append(item)
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child] < heap[parent] else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    mutating func formUnion(_ items: some Sequence<WorkItem>) {
        for item in items { insert(item) }
    }

    /// Takes out the least item; nil when there is none.
    mutating func popFirst() -> WorkItem? {
        guard let first = heap.first else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            sink()
        }
        members.remove(first)
        return first
    }

    private mutating func sink() {
        var parent = 0
        while true {
            let left = 2 * parent + 1
            guard left < heap.count else { return }
            let right = left + 1
            let least = right < heap.count && heap[right] < heap[left] ? right : left
            guard heap[least] < heap[parent] else { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
