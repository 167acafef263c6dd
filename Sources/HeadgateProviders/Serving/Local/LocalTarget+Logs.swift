package import HeadgateCore

extension LocalTarget {
    package nonisolated func log(_ query: ServerLogQuery) async throws(TargetError) -> ServerLogPart {
        let place = DeploymentFolder.path(of: query.deployment, in: folder)
        let files = VersionFolder(deployment: place, version: query.version)
        let shim = ShimProcess(folder: files.replica(query.replica))
        let kept = KeptLogs(deployment: place).path(of: query.version, replica: query.replica)
        let part: ServerLogPart?
        do throws(SystemError) {
            part = try await Blocking.run { () throws(SystemError) -> ServerLogPart? in
                // Asked before: what it wrote last is read by who asks once more.
                let isLive = shim.isAlive
                for path in [shim.logPath, kept] {
                    let found = try RotatedLog(path: path).read(
                        after: query.position, tail: query.tail, limit: ServerLogPart.limit)
                    if let found { return ServerLogPart(bytes: found.bytes, next: found.next, isLive: isLive) }
                }
                return nil
            }
        } catch {
            throw TargetError(.unreachable, "\(error)")
        }
        if let part { return part }
        let name = "version \(query.version.short)"
        let replicas = files.replicas
        guard replicas.isEmpty else {
            let known = replicas.map(String.init).joined(separator: ", ")
            throw TargetError(.rejected, "\(name) has no replica \(query.replica): there is \(known)")
        }
        throw TargetError(
            .rejected, "no server of \(name) has been started, or it is too long ago: no log is kept of it")
    }
}
