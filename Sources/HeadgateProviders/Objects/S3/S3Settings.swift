package import HeadgateCore

/// Where an S3 bucket is and who asks.
package struct S3Settings: Sendable {
    package struct Credentials: Sendable {
        let keyID: String
        let secret: Secret
        let sessionToken: Secret?
    }

    /// `https://host[:port]`, without a path.
    let endpoint: String
    let region: String
    /// Nil asks without a signature, for buckets that anybody may read.
    let credentials: Credentials?

    /// Reads `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`, `AWS_REGION`, `AWS_DEFAULT_REGION`, `AWS_ACCESS_KEY_ID`,
    /// `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`, as AWS's own tools do.
    package init(environment: [String: String]) throws(StorageError) {
        func value(_ names: String...) -> String? {
            names.lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
        }
        region = value("AWS_REGION", "AWS_DEFAULT_REGION") ?? "us-east-1"
        var endpoint = value("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL") ?? "https://s3.\(region).amazonaws.com"
        while endpoint.hasSuffix("/") { endpoint.removeLast() }
        let rest = ["https://", "http://"].first { endpoint.hasPrefix($0) }.map { endpoint.dropFirst($0.count) }
        guard let rest, !rest.isEmpty, !rest.contains("@"), !rest.contains("/"), !rest.contains("?") else {
            throw StorageError(.io, "AWS_ENDPOINT_URL must be like https://host:port, without a path or a user")
        }
        self.endpoint = endpoint
        if let keyID = value("AWS_ACCESS_KEY_ID"), let secret = value("AWS_SECRET_ACCESS_KEY") {
            credentials = Credentials(
                keyID: keyID, secret: Secret(secret), sessionToken: value("AWS_SESSION_TOKEN").map(Secret.init))
        } else {
            credentials = nil
        }
    }

    /// Host and, where it is given, port.
    var host: String { String(endpoint.drop { $0 != ":" }.dropFirst(3)) }
}

/// A bucket and what names begin with: `s3://bucket/prefix`.
package struct S3Address: Hashable, Sendable {
    let bucket: String
    /// Without slashes at its ends.
    let prefix: String

    /// Nil when the text is no such address.
    package init?(_ text: String) {
        guard text.hasPrefix("s3://") else { return nil }
        let parts = text.dropFirst(5).split(separator: "/", omittingEmptySubsequences: true).map(String.init)
        guard let bucket = parts.first, (3...63).contains(bucket.utf8.count),
            bucket.utf8.allSatisfy({ byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                    UInt8(ascii: "-"), UInt8(ascii: "."):
                    true
                default: false
                }
            }), parts.allSatisfy({ $0 != "." && $0 != ".." && !$0.contains("?") && !$0.contains("#") })
        else { return nil }
        self.bucket = bucket
        prefix = parts.dropFirst().joined(separator: "/")
    }
}
