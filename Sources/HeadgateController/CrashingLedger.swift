package import HeadgateCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A ledger that ends this process, as `kill -9` would, at one of its writes: how recovery is tested.
///
/// Used only when ``variable`` is set for the controller, which loses nothing by it but the time to start again.
package actor CrashingLedger: Ledger {
    /// Names the write: `before:3` dies with the third decided and not written, `after:3` with the third durable and
    /// none of its effects begun.
    package static let variable = "HEADGATE_CRASH"

    private let ledger: any Ledger
    private let isAfter: Bool
    private var left: Int

    /// Nil when the text names no write.
    package init?(_ ledger: any Ledger, at text: String) {
        let parts = text.split(separator: ":")
        guard parts.count == 2, ["before", "after"].contains(parts[0]), let number = Int(parts[1]), number > 0 else {
            return nil
        }
        self.ledger = ledger
        isAfter = parts[0] == "after"
        left = number
    }

    package func load() async throws(LedgerError) -> LedgerContents { try await ledger.load() }

    package func commit(_ records: [LedgerRecord]) async throws(LedgerError) {
        guard !records.isEmpty else { return }
        left -= 1
        if left == 0, !isAfter { end() }
        try await ledger.commit(records)
        if left == 0 { end() }
    }

    private func end() { kill(getpid(), SIGKILL) }
}
