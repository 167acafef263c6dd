extension Reconciler {
    /// Tells of servers and routers that ended by themselves and were started again since their target was last looked at.
    ///
    /// What ended while no controller looked is counted, and not told.
    mutating func tellRestarts(_ id: DeploymentID, _ target: TargetReference, _ serving: ObservedServing) {
        if let before = state.observed[id] {
            for (version, seen) in serving.versions.sorted(by: { $0.key < $1.key })
            where Self.isTold(seen.restarts, after: before.versions[version]?.restarts ?? 0) {
                let exit = seen.lastExit ?? "ended"
                log(
                    .warning, "ServerRestarted",
                    "a server of version \(version.short) \(exit); started again (\(seen.restarts))", ObjectID(id))
            }
        }
        guard let router = serving.router,
            let before = state.routerRestarts.updateValue(router.count, forKey: target.id),
            Self.isTold(router.count, after: before)
        else { return }
        let exit = router.lastExit ?? "ended"
        log(.warning, "RouterRestarted", "the router \(exit); started again (\(router.count))", ObjectID(target.id))
    }

    /// The first three one by one, then at each doubling: what fails for ever must not fill the ledger.
    static func isTold(_ count: Int, after before: Int) -> Bool {
        guard count > before else { return false }
        guard count > 3 else { return true }
        return 1 << (Int.bitWidth - 1 - count.leadingZeroBitCount) > before
    }
}
