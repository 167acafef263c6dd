package import HeadgateCore

/// Where a repository is: a local path, or an address over `https`, `http`, `ssh` or `git`.
///
/// It never holds a password, so it may be printed, logged and compared.
package struct RemoteURL: Hashable, Sendable, CustomStringConvertible {
    package enum Transport: Hashable, Sendable { case local, http, https, ssh, git }

    /// The address as the configuration has it.
    package let text: String
    package let transport: Transport
    /// Empty for a local path.
    package let host: String
    package let port: Int?
    package let user: String?
    /// The folder, for a local path only.
    package let localPath: String?

    package var description: String { text }

    /// Accepts what the text must be to be fetched from; says what is wrong with it otherwise.
    ///
    /// A relative path is refused: make it absolute first.
    package init(_ text: String) throws(SourceError) {
        let isPlain = text.utf8.allSatisfy { $0 > 32 && $0 != 127 } || text.first == "/"
        guard !text.isEmpty, text.utf8.count <= 2048, isPlain else {
            throw SourceError(.unsupported, "the repository's address is empty, too long or holds spaces")
        }
        guard !text.utf8.contains(where: { $0 == 0 || $0 == 10 || $0 == 13 }) else {
            throw SourceError(.unsupported, "the repository's address holds a line break")
        }
        self.text = text
        if text.hasPrefix("/") {
            (transport, host, port, user, localPath) = (.local, "", nil, nil, text)
            return
        }
        if text.hasPrefix("file://") {
            let path = Self.decoded(text.dropFirst(7))
            guard let path, path.hasPrefix("/"), !path.utf8.contains(0) else {
                throw SourceError(.unsupported, "'\(text)' names no absolute path, as file:///srv/models.git does")
            }
            (transport, host, port, user, localPath) = (.local, "", nil, nil, path)
            return
        }
        localPath = nil
        let parts = try Self.parts(of: text)
        transport = parts.transport
        (user, host, port) = try Self.authority(parts.authority, hasPort: parts.hasPort)
    }

    private struct Parts {
        var transport: Transport
        var authority: Substring
        var hasPort = true
    }

    private static func parts(of text: String) throws(SourceError) -> Parts {
        let schemes: [(String, Transport)] = [
            ("https://", .https), ("http://", .http), ("ssh://", .ssh), ("git+ssh://", .ssh), ("git://", .git),
        ]
        for (scheme, transport) in schemes where text.lowercased().hasPrefix(scheme) {
            let rest = text.dropFirst(scheme.count)
            let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
            guard authority.count < rest.count - 1 else {
                throw SourceError(.unsupported, "the repository's address names no repository on its host")
            }
            return Parts(transport: transport, authority: authority)
        }
        // user@host:path, as SSH has it.
        if !text.contains("://"), let colon = text.firstIndex(of: ":"), !text[..<colon].contains("/"),
            !text[colon...].hasPrefix("::"), text.index(after: colon) < text.endIndex
        {
            return Parts(transport: .ssh, authority: text[..<colon], hasPort: false)
        }
        throw SourceError(
            .unsupported,
            "the repository's address is none of https://, http://, ssh://, git://, file://, user@host:path, /path"
        )
    }

    private static func authority(
        _ text: Substring, hasPort: Bool
    ) throws(SourceError) -> (user: String?, host: String, port: Int?) {
        var rest = text
        var user: String?
        if let at = rest.lastIndex(of: "@") {
            let name = rest[..<at]
            guard !name.contains(":") else {
                let message = "the repository's address holds a password: configure it as a credential"
                throw SourceError(.unsupported, message)
            }
            user = decoded(name)
            rest = rest[rest.index(after: at)...]
        }
        var host = rest
        var port: Int?
        if rest.hasPrefix("["), let end = rest.firstIndex(of: "]") {
            host = rest[rest.index(after: rest.startIndex)..<end]
            let after = rest[rest.index(after: end)...]
            if after.hasPrefix(":") { port = Int(after.dropFirst()) }
        } else if hasPort, let colon = rest.lastIndex(of: ":") {
            host = rest[..<colon]
            port = Int(rest[rest.index(after: colon)...])
            guard port != nil else {
                throw SourceError(.unsupported, "the port in the repository's address is no number")
            }
        }
        guard !host.isEmpty, host.first != "-", port.map({ (1...65535).contains($0) }) ?? true else {
            throw SourceError(.unsupported, "the repository's address names no host")
        }
        return (user, host.lowercased(), port)
    }

    /// A text with its `%XX` replaced; nil when that gives no UTF-8.
    private static func decoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let decoded = Hex.decode(rest.prefix(2)), decoded.count == 1 else { return nil }
            bytes += decoded
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    /// Whether what is sent there stays on this machine.
    var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }
}
