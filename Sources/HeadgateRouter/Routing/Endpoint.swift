import NIOCore

/// Where one replica of a version listens.
struct Endpoint: Hashable, Sendable {
    enum Place: Hashable, Sendable {
        case address(host: String, port: Int)
        case unix(path: String)
    }

    let text: String
    let place: Place

    /// Reads `host:port`, `[host]:port` or `unix:/path`; nil for anything else.
    init?(_ text: String) {
        self.text = text
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst(5))
            guard path.hasPrefix("/"), path.utf8.count <= 107 else { return nil }
            place = .unix(path: path)
            return
        }
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (1...65535).contains(port)
        else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        guard !host.isEmpty, !host.contains(" "), !host.contains("/") else { return nil }
        place = .address(host: String(host), port: port)
    }

    /// The socket's address when no name must be looked up.
    var socketAddress: SocketAddress? {
        switch place {
        case .unix(let path): try? SocketAddress(unixDomainSocketPath: path)
        case .address(let host, let port): try? SocketAddress(ipAddress: host, port: port)
        }
    }
}
