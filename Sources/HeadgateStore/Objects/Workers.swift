import Dispatch
import HeadgateCore
import Synchronization

/// Runs blocking calls beside Swift's own threads, which must not wait for disks.
enum Workers {
    /// Runs one piece of blocking work.
    static func run<Value: Sendable>(
        _ work: @escaping @Sendable () throws(StorageError) -> Value
    ) async throws(StorageError) -> Value {
        let result: Result<Value, StorageError> = await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                do throws(StorageError) {
                    continuation.resume(returning: .success(try work()))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        return try result.get()
    }

    /// Maps items on as many threads as there are cores; after the first error no further item is begun.
    ///
    /// Call it from blocking work only. Results are in the items' order.
    static func map<Item: Sendable, Value: Sendable>(
        _ items: [Item], _ transform: @Sendable (Item) throws(StorageError) -> Value
    ) throws(StorageError) -> [Value] {
        let values = Mutex([Value?](repeating: nil, count: items.count))
        let failure = Mutex<StorageError?>(nil)
        DispatchQueue.concurrentPerform(iterations: items.count) { index in
            guard failure.withLock({ $0 == nil }) else { return }
            do throws(StorageError) {
                let value = try transform(items[index])
                values.withLock { $0[index] = value }
            } catch {
                failure.withLock { $0 = $0 ?? error }
            }
        }
        if let error = failure.withLock({ $0 }) { throw error }
        return values.withLock { $0.compactMap { $0 } }
    }
}
