import Crypto
import FoundationEssentials
package import HeadgateCore

/// Whose signatures count, in the format of OpenSSH's allowed signers; see ssh-keygen(1).
///
/// Ed25519 keys are understood. Lines of other kinds, such as certificate authorities, admit nobody.
package struct AllowedSigners: Sendable, Hashable {
    private struct Signer: Hashable {
        let principal: String
        let key: [UInt8]
        let namespaces: [String]?
        let validAfter: Instant?
        let validBefore: Instant?
    }

    private let signers: [Signer]

    /// Admits nobody, so that no commit has a verified signer.
    package init() { signers = [] }

    /// Reads lines of `principals [options] type key [comment]`.
    ///
    /// - Throws: ``SourceError`` that names the first line that cannot be understood.
    package init(_ text: String) throws(SourceError) {
        var signers: [Signer] = []
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let fields = Self.fields(of: line)
            guard let first = fields.first, !first.hasPrefix("#") else { continue }
            guard let signer = Self.signer(fields) else {
                throw SourceError(.unsupported, "line \(index + 1) of the allowed signers cannot be understood")
            }
            signers += signer
        }
        self.signers = signers
    }

    /// The first principal whose key made a signature over these bytes; nil when none did.
    func signer(of signed: [UInt8], _ armoured: String, at time: Instant) -> String? {
        guard !signers.isEmpty, let signature = SSHSignature(armoured: armoured), signature.namespace == "git" else {
            return nil
        }
        let admitted = signers.first { signer in
            signer.key == signature.publicKey && signer.namespaces.map { $0.contains("git") } ?? true
                && signer.validAfter.map { $0 <= time } ?? true && signer.validBefore.map { time < $0 } ?? true
        }
        guard let admitted, signature.isValid(for: signed) else { return nil }
        return admitted.principal
    }

    private static func signer(_ fields: [String]) -> [Signer]? {
        guard fields.count >= 3 else { return nil }
        var rest = fields.dropFirst()
        var namespaces: [String]?
        var validAfter: Instant?
        var validBefore: Instant?
        if let options = rest.first, !isKeyType(options) {
            for option in list(options) {
                let pair = option.split(separator: "=", maxSplits: 1).map(String.init)
                let value = pair.count == 2 ? pair[1].filter { $0 != "\"" } : ""
                switch pair[0].lowercased() {
                case "namespaces": namespaces = value.split(separator: ",").map(String.init)
                case "valid-after":
                    guard let instant = instant(value) else { return nil }
                    validAfter = instant
                case "valid-before":
                    guard let instant = instant(value) else { return nil }
                    validBefore = instant
                case "cert-authority": return []
                default: return nil
                }
            }
            rest = rest.dropFirst()
        }
        guard rest.count >= 2, let type = rest.first, isKeyType(type),
            let key = Data(base64Encoded: rest[rest.startIndex + 1])
        else { return nil }
        guard type == "ssh-ed25519" else { return [] }
        return fields[0].split(separator: ",").map { principal in
            Signer(
                principal: String(principal), key: Array(key), namespaces: namespaces, validAfter: validAfter,
                validBefore: validBefore)
        }
    }

    private static func isKeyType(_ text: String) -> Bool {
        ["ssh-", "ecdsa-", "sk-"].contains { text.hasPrefix($0) }
    }

    /// Words, where quotes hold spaces together.
    private static func fields(of line: Substring) -> [String] { split(line) { $0 == " " || $0 == "\t" } }

    private static func list(_ options: String) -> [String] { split(options[...]) { $0 == "," } }

    private static func split(_ text: Substring, at isSeparator: (Character) -> Bool) -> [String] {
        var parts: [String] = []
        var part = ""
        var isQuoted = false
        for character in text {
            if character == "\"" { isQuoted.toggle() }
            if isSeparator(character), !isQuoted {
                if !part.isEmpty { parts.append(part) }
                part = ""
            } else {
                part.append(character)
            }
        }
        return part.isEmpty ? parts : parts + [part]
    }

    /// `YYYYMMDD[HHMM[SS]]`, read as UTC with or without a `Z` so that the machine's time zone decides nothing.
    private static func instant(_ text: String) -> Instant? {
        let digits = Array(text.hasSuffix("Z") ? text.dropLast() : text[...])
        guard [8, 12, 14].contains(digits.count), digits.allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
        func number(_ start: Int, _ count: Int) -> Int {
            start < digits.count ? Int(String(digits[start..<start + count])) ?? 0 : 0
        }
        var parts = DateComponents()
        (parts.year, parts.month, parts.day) = (number(0, 4), number(4, 2), number(6, 2))
        (parts.hour, parts.minute, parts.second) = (number(8, 2), number(10, 2), number(12, 2))
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        return calendar.date(from: parts).map { Instant(milliseconds: Int64($0.timeIntervalSince1970) * 1000) }
    }
}

extension Repository {
    /// What a commit says about itself, and who signed it if it is one of these signers.
    func facts(of id: CommitID, signers: AllowedSigners) throws(SourceError) -> CommitFacts {
        var facts = try facts(of: id)
        if facts.signature != nil, let signature = try signature(of: id) {
            facts.signer = signers.signer(of: signature.signed, signature.armoured, at: facts.time)
        }
        return facts
    }
}
