import HeadgateCore
import Testing

@testable import HeadgateProviders

@Suite struct S3SignatureTests {
    private static let environment = [
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_REGION": "us-east-1",
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "AWS_ENDPOINT_URL": "https://examplebucket.s3.amazonaws.com",
    ]
    /// 2013-05-24T00:00:00Z, of the examples in Amazon's documentation.
    private static let time = Instant(milliseconds: 1_369_353_600_000)

    @Test func `the documentation's examples have the signatures that it gives`() throws {
        let signature = S3Signature(settings: try S3Settings(environment: Self.environment), time: Self.time)
        let get = signature.headers("GET", "/test.txt", payload: Digest.of([]), ["range": "bytes=0-9"])
        #expect(
            get.first { $0.0 == "authorization" }?.1.hasSuffix(
                "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41") == true)
        let put = signature.headers(
            "PUT", S3Signature.encoded("/test$file.text"), payload: Digest.of(Array("Welcome to Amazon S3.".utf8)),
            ["date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"])
        #expect(
            put.first { $0.0 == "authorization" }?.1.hasSuffix(
                "Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd") == true)
    }

    @Test(arguments: [
        ([("lifecycle", "")], "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        (
            [("prefix", "J"), ("max-keys", "2")],
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
        ),
    ])
    func `a query is signed as in the documentation's examples`(
        _ query: [(name: String, value: String)], _ expected: String
    ) throws {
        let signature = S3Signature(settings: try S3Settings(environment: Self.environment), time: Self.time)
        let headers = signature.headers("GET", "/", S3Signature.encoded(query), payload: Digest.of([]))
        #expect(headers.first { $0.0 == "authorization" }?.1.hasSuffix("Signature=\(expected)") == true)
        #expect(S3Signature.encoded([("uploadId", "a/b=")]) == "uploadId=a%2Fb%3D")
    }

    @Test func `without credentials a request carries no signature`() throws {
        let signature = S3Signature(settings: try S3Settings(environment: [:]), time: Self.time)
        #expect(!signature.headers("GET", "/a", payload: Digest.of([])).contains { $0.0 == "authorization" })
    }

    @Test(arguments: [
        ("s3://bucket/a/b", "bucket", "a/b"), ("s3://bucket", "bucket", ""), ("s3://bucket/a/", "bucket", "a"),
    ])
    func `addresses name a bucket and a prefix`(_ text: String, _ bucket: String, _ prefix: String) throws {
        let address = try #require(S3Address(text))
        #expect(address.bucket == bucket)
        #expect(address.prefix == prefix)
    }

    @Test(arguments: ["s3://", "s3://UPPER/a", "s3://bucket/../x", "https://bucket/a", "s3://a b/c", "s3://bucket/a?b"])
    func `what is no address is refused`(_ text: String) { #expect(S3Address(text) == nil) }

    @Test(arguments: ["ftp://x", "https://user@host", "https://host/path", ""])
    func `what is no endpoint is refused`(_ text: String) {
        let environment = ["AWS_ENDPOINT_URL": text.isEmpty ? "https://" : text]
        #expect(throws: StorageError.self) { try S3Settings(environment: environment) }
    }
}
