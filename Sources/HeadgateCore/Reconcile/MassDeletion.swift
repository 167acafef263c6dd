/// When a commit deletes so many Deployments that a person must confirm it (I8).
package enum MassDeletion {
    /// Of a source's Deployments, where nothing else is set.
    package static let share = 0.5
    /// Fewer deletions than this never wait, whatever their share.
    private static let alwaysAllowed = 3

    static func waits(_ gone: Int, of total: Int, share: Double) -> Bool {
        gone > alwaysAllowed && Double(gone) > share * Double(total)
    }
}
