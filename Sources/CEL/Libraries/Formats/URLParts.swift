/// The parts of an absolute URL, or of an absolute path.
struct URLParts: Sendable, Hashable {
    /// In lower case; empty where absent.
    let scheme: String
    /// Host and port, an IPv6 address in brackets; empty where absent.
    let host: String
    /// The path with what must be escaped escaped; empty where absent.
    let escapedPath: String
    /// The query as it was written, without the question mark.
    let rawQuery: String
    /// The URL as it was written, with the scheme in lower case.
    let text: String

    /// Why a text is no URL.
    struct ParseError: Error, Sendable, Hashable {
        let message: String
    }

    /// Reads a URL such as `https://user@[::1]:80/a b?k=v#f` or `/a?k=v`; relative ones are refused.
    init(_ text: String) throws(ParseError) {
        func failure(_ reason: String) -> ParseError {
            ParseError(message: "URL parse error during conversion from string: '\(text)' \(reason)")
        }
        guard !text.isEmpty else { throw failure("is empty") }
        guard !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
            throw failure("has a control character")
        }
        let (beforeFragment, fragment) = Self.cut(text[...], at: UInt8(ascii: "#"))
        guard Percent.isWellFormed(fragment ?? "") else { throw failure("has an invalid escape in its fragment") }
        var rest: Substring
        switch Self.cutScheme(beforeFragment) {
        case .none: (scheme, rest) = ("", beforeFragment)
        case .missing: throw failure("begins with a colon")
        case .some(let name, let after): (scheme, rest) = (name, after)
        }
        self.text = scheme.isEmpty ? text : scheme + text.dropFirst(scheme.utf8.count)
        let (beforeQuery, query) = Self.cut(rest, at: UInt8(ascii: "?"))
        rest = beforeQuery
        rawQuery = String(query ?? "")
        guard rest.hasPrefix("/") else {
            guard !scheme.isEmpty else { throw failure("is neither absolute nor an absolute path") }
            // A URL such as mailto:someone has no hierarchy to read.
            host = ""
            escapedPath = ""
            return
        }
        if rest.hasPrefix("//"), !rest.hasPrefix("///") || !scheme.isEmpty {
            let afterSlashes = rest.utf8.dropFirst(2)
            let end = afterSlashes.firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex
            let authority = rest[afterSlashes.startIndex..<end]
            rest = rest[end...]
            guard let host = Self.host(of: authority) else { throw failure("has an invalid host, port or user") }
            self.host = host
        } else {
            host = ""
        }
        guard Percent.isWellFormed(rest) else { throw failure("has an invalid escape in its path") }
        escapedPath = Percent.normalizedPath(rest)
    }

    /// The host without brackets and port.
    var hostname: String { Self.split(host).name }

    /// The digits of the port; empty where absent.
    var port: String { Self.split(host).port }

    /// The query's keys with all their values, unescaped, in the order of the keys' bytes.
    var query: [(key: String, values: [String])] {
        var values: [String: [String]] = [:]
        for pair in rawQuery.utf8.split(separator: UInt8(ascii: "&")) where !pair.contains(UInt8(ascii: ";")) {
            let (key, value) = Self.cut(Substring(pair), at: UInt8(ascii: "="))
            guard let key = Percent.decodedQuery(key), let value = Percent.decodedQuery(value ?? "") else { continue }
            values[key, default: []].append(value)
        }
        return values.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map { ($0.key, $0.value) }
    }

    private enum Scheme {
        case none
        case missing
        case some(String, Substring)
    }

    private static func cutScheme(_ text: Substring) -> Scheme {
        for index in text.utf8.indices {
            switch text.utf8[index] {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"):
                continue
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
                if index == text.startIndex { return .none }
            case UInt8(ascii: ":"):
                if index == text.startIndex { return .missing }
                return .some(text[..<index].lowercased(), text[text.utf8.index(after: index)...])
            default:
                return .none
            }
        }
        return .none
    }

    private static func cut(_ text: Substring, at separator: UInt8) -> (Substring, Substring?) {
        guard let index = text.utf8.firstIndex(of: separator) else { return (text, nil) }
        return (text[..<index], text[text.utf8.index(after: index)...])
    }

    /// The host and port of an authority, or nil where they or the user are invalid.
    private static func host(of authority: Substring) -> String? {
        var hostText = authority
        if let at = authority.utf8.lastIndex(of: UInt8(ascii: "@")) {
            let user = authority[..<at]
            guard user.utf8.allSatisfy(Percent.mayStandInUser), Percent.isWellFormed(user) else { return nil }
            hostText = authority[authority.utf8.index(after: at)...]
        }
        guard hostText.utf8.allSatisfy(Percent.mayStandInHost) else { return nil }
        let after: Substring
        if hostText.hasPrefix("[") {
            guard let close = hostText.lastIndex(of: "]") else { return nil }
            guard (try? IPAddress(String(hostText[..<close].dropFirst().prefix { $0 != "%" }))) != nil else {
                return nil
            }
            after = hostText[hostText.index(after: close)...]
        } else {
            guard !hostText.utf8.contains(where: { $0 == UInt8(ascii: "[") || $0 == UInt8(ascii: "]") })
            else { return nil }
            after = hostText[(hostText.firstIndex(of: ":") ?? hostText.endIndex)...]
        }
        guard after.isEmpty || (after.hasPrefix(":") && after.dropFirst().utf8.allSatisfy(Percent.isDigit))
        else { return nil }
        return Percent.decodedHost(hostText)
    }

    private static func split(_ host: String) -> (name: String, port: String) {
        if host.hasPrefix("["), let close = host.lastIndex(of: "]") {
            let after = host[host.index(after: close)...]
            return (String(host[..<close].dropFirst()), String(after.dropFirst()))
        }
        guard let colon = host.lastIndex(of: ":") else { return (host, "") }
        return (String(host[..<colon]), String(host[host.index(after: colon)...]))
    }
}
