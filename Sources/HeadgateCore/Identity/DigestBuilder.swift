import Crypto

/// Digests a sequence of labelled fields without ambiguity: each field carries its label's and value's length.
package struct DigestBuilder {
    private var hasher = SHA256()

    /// - Parameter domain: Names what is digested and the version of its layout, such as `step/1`.
    package init(domain: String) {
        add("domain", domain)
    }

    /// Adds a text field.
    package mutating func add(_ label: String, _ text: String) {
        frame(Array(label.utf8))
        frame(Array(text.utf8))
    }

    /// Adds a digest field.
    package mutating func add(_ label: String, _ digest: Digest) {
        frame(Array(label.utf8))
        frame(digest.bytes)
    }

    /// Adds a list of texts, its length included.
    package mutating func add(_ label: String, _ texts: [String]) {
        add(label, String(texts.count))
        for text in texts { frame(Array(text.utf8)) }
    }

    /// The digest of all fields so far.
    package func finish() -> Digest { Digest.of(finalizing: hasher) }

    private mutating func frame(_ bytes: [UInt8]) {
        withUnsafeBytes(of: UInt64(bytes.count).bigEndian) { hasher.update(bufferPointer: $0) }
        bytes.withUnsafeBytes { hasher.update(bufferPointer: $0) }
    }
}
