import HeadgateCore
import NIOCore

/// A route, ready to be asked about requests.
struct RouteMatcher: Sendable {
    private enum Match: Sendable {
        case header(name: [UInt8], value: [UInt8])
        case cookie(name: [UInt8], value: [UInt8])
        case hashOfHeader(name: [UInt8], percent: UInt64)
        case hashOfField(name: [UInt8], percent: UInt64)
    }

    private let match: Match
    private let salt: [UInt8]

    /// The salt makes a caller's share independent between Deployments, and the same over all rollouts of one.
    init(_ match: RouteMatch, salt: String) {
        self.salt = Array(salt.utf8)
        self.match =
            switch match {
            case .header(let name, let value):
                .header(name: Array(name.utf8).map(lowered), value: Array(value.utf8))
            case .cookie(let name, let value): .cookie(name: Array(name.utf8), value: Array(value.utf8))
            case .hashOfHeader(let name, let percent):
                .hashOfHeader(name: Array(name.utf8).map(lowered), percent: UInt64(max(0, percent)))
            case .hashOfField(let name, let percent):
                .hashOfField(name: Array(name.utf8), percent: UInt64(max(0, percent)))
            }
    }

    /// Whether a request takes this route; nil when that depends on a body that is not known.
    func matches(_ head: MessageHead, body: ByteBuffer?) -> Bool? {
        switch match {
        case .header(let name, let value):
            return head.value(of: name).map { $0.readableBytesView.elementsEqual(value) } ?? false
        case .cookie(let name, let value):
            return head.cookie(name).map { $0.readableBytesView.elementsEqual(value) } ?? false
        case .hashOfHeader(let name, let percent):
            return head.value(of: name).map { isInShare($0.readableBytesView, percent) } ?? false
        case .hashOfField(let name, let percent):
            guard head.isChunked || head.contentLength ?? 0 > 0 else { return false }
            guard let body else { return nil }
            let value = body.withUnsafeReadableBytes { JSONReader.topLevelField(name, in: $0) }
            return value.map { isInShare($0, percent) } ?? false
        }
    }

    /// A share grows by taking callers in, never by changing those that it has.
    private func isInShare(_ value: some Sequence<UInt8>, _ percent: UInt64) -> Bool {
        StickyHash.of(salt, value) % 100 < percent
    }
}

/// A 64-bit hash that is the same in every process: FNV-1a, then MurmurHash3's finaliser, since FNV's low bits alone
/// are uneven for short texts.
enum StickyHash {
    static func of(_ salt: some Sequence<UInt8>, _ value: some Sequence<UInt8>) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in salt { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        hash = hash &* 0x100_0000_01b3
        for byte in value { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        hash = (hash ^ hash >> 33) &* 0xff51_afd7_ed55_8ccd
        hash = (hash ^ hash >> 33) &* 0xc4ce_b9fe_1a85_ec53
        return hash ^ hash >> 33
    }
}
