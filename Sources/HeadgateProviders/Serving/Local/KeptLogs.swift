import Glibc
import HeadgateCore

/// The last logs of servers that are gone: why a version failed is asked when it has been taken away.
struct KeptLogs: Sendable {
    /// A Deployment's folder on a target.
    let deployment: String

    /// How many are kept of a Deployment.
    static let limit = 5

    private var folder: String { deployment + "/logs" }

    func path(of version: VersionID, replica: Int) -> String { "\(folder)/\(version.digest.hex).\(replica)" }

    /// Takes over the log of a server that has ended; the oldest makes room for it.
    func keep(_ log: String, of version: VersionID, replica: Int) throws(SystemError) {
        guard LocalFiles.status(log).map({ $0.st_size > 0 }) ?? false else { return }
        try LocalFiles.createFolders(folder)
        try LocalFiles.move(log, to: path(of: version, replica: replica))
        let names = LocalFiles.names(in: folder)
        guard names.count > Self.limit else { return }
        let aged = names.map { name in
            let time = LocalFiles.status("\(folder)/\(name)")?.st_mtim
            return (Int(time?.tv_sec ?? 0), Int(time?.tv_nsec ?? 0), name)
        }
        for (_, _, name) in aged.sorted(by: <).dropLast(Self.limit) { try LocalFiles.remove("\(folder)/\(name)") }
    }
}
