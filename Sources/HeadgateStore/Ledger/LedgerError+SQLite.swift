import GRDB
import HeadgateCore

/// A record whose body cannot be read.
struct UnreadableRecord: Error {
    let table: String
    let row: String
    let reason: String
}

extension LedgerError {
    /// Says what went wrong with the ledger at a path, by SQLite's result code.
    init(_ error: any Error, _ path: String) {
        if let error = error as? LedgerError {
            self = error
            return
        }
        if let error = error as? UnreadableRecord {
            self.init(
                .corrupted, "ledger \(path): the row \(error.row) of \(error.table) cannot be read: \(error.reason)")
            return
        }
        guard let error = error as? DatabaseError else {
            self.init(.io, "ledger \(path): \(error)")
            return
        }
        let code: Code =
            switch error.resultCode {
            case .SQLITE_FULL: .diskFull
            case .SQLITE_BUSY, .SQLITE_LOCKED: .locked
            case .SQLITE_CORRUPT, .SQLITE_NOTADB: .corrupted
            case .SQLITE_CONSTRAINT: .refused
            default: .io
            }
        let hint =
            switch code {
            case .diskFull: ": free some space; nothing of this change was written"
            case .corrupted: ": restore a backup, or see what `headgate doctor` says"
            case .newerVersion, .locked, .io, .refused: ""
            }
        self.init(code, "ledger \(path): \(error.message ?? error.resultCode.description)\(hint)")
    }
}
