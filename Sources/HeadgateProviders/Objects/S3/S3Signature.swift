import Glibc
import HeadgateCore

import struct Crypto.HMAC
import struct Crypto.SHA256
import struct Crypto.SymmetricKey

/// AWS Signature Version 4 of one request.
///
/// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
struct S3Signature {
    let settings: S3Settings
    let time: Instant

    /// The headers that a request needs besides its own, the signature among them.
    ///
    /// - Parameters:
    ///   - method: Such as `PUT`.
    ///   - path: As ``encoded(_:)`` gives it.
    ///   - query: As ``encoded(_:)`` gives it, without a question mark.
    ///   - payload: SHA-256 of the body.
    ///   - headers: More headers that are signed, names in lower case.
    /// - Returns: Names and values.
    func headers(
        _ method: String, _ path: String, _ query: String = "", payload: Digest, _ headers: [String: String] = [:]
    ) -> [(String, String)] {
        let stamp = Self.stamp(time)
        var all = headers
        all["host"] = settings.host
        all["x-amz-content-sha256"] = payload.hex
        all["x-amz-date"] = stamp
        guard let credentials = settings.credentials else { return Self.sorted(all) }
        if let token = credentials.sessionToken { all["x-amz-security-token"] = token.text }
        let sorted = Self.sorted(all)
        let names = sorted.map(\.0).joined(separator: ";")
        let lines = sorted.map { "\($0.0):\(Self.trimmed($0.1))\n" }.joined()
        let request = [method, path, query, lines, names, payload.hex].joined(separator: "\n")
        let day = String(stamp.prefix(8))
        let scope = "\(day)/\(settings.region)/s3/aws4_request"
        let text = ["AWS4-HMAC-SHA256", stamp, scope, Digest.of(Array(request.utf8)).hex].joined(separator: "\n")
        var key = Array("AWS4\(credentials.secret.text)".utf8)
        for part in [day, settings.region, "s3", "aws4_request"] { key = Self.code(part, key) }
        let signature = Hex.encode(Self.code(text, key))
        let value = "AWS4-HMAC-SHA256 Credential=\(credentials.keyID)/\(scope), SignedHeaders=\(names), "
        return sorted + [("authorization", "\(value)Signature=\(signature)")]
    }

    private static func sorted(_ headers: [String: String]) -> [(String, String)] {
        headers.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map { ($0.key, $0.value) }
    }

    private static func trimmed(_ text: String) -> String {
        text.split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ")
    }

    private static func code(_ text: String, _ key: [UInt8]) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: SymmetricKey(data: key)))
    }

    /// Such as `20260301T120000Z`.
    static func stamp(_ time: Instant) -> String {
        var seconds = time_t(time.milliseconds / 1000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        func digits(_ number: Int32, _ count: Int) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, count - text.count)) + text
        }
        return digits(parts.tm_year + 1900, 4) + digits(parts.tm_mon + 1, 2) + digits(parts.tm_mday, 2) + "T"
            + digits(parts.tm_hour, 2) + digits(parts.tm_min, 2) + digits(parts.tm_sec, 2) + "Z"
    }

    /// A query in the order of its names, a name without a value with an equals sign, too.
    static func encoded(_ query: [(name: String, value: String)]) -> String {
        query.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
            .map { [$0.name, $0.value].map { encoded($0).replacing("/", with: "%2F") }.joined(separator: "=") }
            .joined(separator: "&")
    }

    /// A path with all but unreserved characters and slashes percent-encoded.
    static func encoded(_ path: String) -> String {
        var text = ""
        for byte in path.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "~"):
                text.unicodeScalars.append(Unicode.Scalar(byte))
            default: text += "%" + Hex.encode([byte]).uppercased()
            }
        }
        return text
    }
}
