import HeadgateCore

/// Exports one after another beside the mirror's other work, through a handle of its own.
actor ExportQueue {
    private let executor = QueueExecutor(label: "headgate.git.export")
    private let path: String
    private let limits: GitLimits

    init(path: String, limits: GitLimits) {
        self.path = path
        self.limits = limits
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    func write(_ entry: TrackedEntry, to path: String) throws(SourceError) -> [LargeFile] {
        let repository = try Repository(bare: self.path, name: self.path)
        var export = TreeExport(limits: limits)
        try export.write(entry, to: path, from: repository)
        return export.largeFiles
    }
}
