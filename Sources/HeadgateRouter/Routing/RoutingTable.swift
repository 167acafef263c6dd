import HeadgateCore
import NIOCore

/// All Deployments by prefix: never changed, only replaced.
final class RoutingTable: Sendable {
    let deployments: [String: DeploymentRuntime]
    /// By the hash of the prefix, which is computed while the path is walked once.
    private let byPrefix: [UInt64: [Entry]]

    private struct Entry: Sendable {
        let prefix: [UInt8]
        let deployment: DeploymentRuntime
    }

    struct Match {
        let deployment: DeploymentRuntime
        /// Bytes of the path that matched, a preview's mark included.
        let length: Int
        /// The version that is asked for alone.
        let preview: BackendRuntime?
    }

    init(_ deployments: [String: DeploymentRuntime]) {
        self.deployments = deployments
        var byPrefix: [UInt64: [Entry]] = [:]
        for deployment in deployments.values {
            let prefix = Array(deployment.table.prefix.utf8)
            byPrefix[prefix.reduce(Self.start, Self.step), default: []]
                .append(Entry(prefix: prefix, deployment: deployment))
        }
        self.byPrefix = byPrefix
    }

    /// The Deployment with the longest prefix of whole segments; a preview counts as longer than its Deployment.
    func match(_ path: UnsafeRawBufferPointer) -> Match? {
        var best: Match?
        var hash = Self.start
        for index in 0...path.count {
            let isEnd = index == path.count
            let byte = isEnd ? UInt8(ascii: "/") : path[index]
            if index > 0, byte == UInt8(ascii: "/") || byte == UInt8(ascii: "@"),
                let deployment = deployment(hash, UnsafeRawBufferPointer(rebasing: path[..<index]))
            {
                if byte == UInt8(ascii: "/") {
                    best = Match(deployment: deployment, length: index, preview: nil)
                } else if let match = preview(path, index, deployment) {
                    best = match
                }
            }
            hash = Self.step(hash, byte)
        }
        return best
    }

    private func deployment(_ hash: UInt64, _ prefix: UnsafeRawBufferPointer) -> DeploymentRuntime? {
        byPrefix[hash]?.first { $0.prefix.elementsEqual(prefix) }?.deployment
    }

    private func preview(_ path: UnsafeRawBufferPointer, _ at: Int, _ deployment: DeploymentRuntime) -> Match? {
        let start = at + 1
        let end = path[start...].firstIndex(of: UInt8(ascii: "/")) ?? path.count
        guard end > start, end - start <= 12 else { return nil }
        let short = String(decoding: path[start..<end], as: UTF8.self)
        return deployment.preview(short).map { Match(deployment: deployment, length: end, preview: $0) }
    }

    private static let start: UInt64 = 0xcbf2_9ce4_8422_2325

    @inline(__always)
    private static func step(_ hash: UInt64, _ byte: UInt8) -> UInt64 {
        (hash ^ UInt64(byte)) &* 0x100_0000_01b3
    }
}
