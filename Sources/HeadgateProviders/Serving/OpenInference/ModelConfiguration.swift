import HeadgateCore

/// Triton's `config.pbtxt` of one version, a protocol buffer as text.
///
/// Source: https://github.com/triton-inference-server/server/blob/main/docs/user_guide/model_configuration.md
enum ModelConfiguration {
    static let fileName = "config.pbtxt"
    static let sizeLimit = 1 << 20

    /// The text without fields that would name another model or other versions; the folder's name counts then.
    static func unnamed(_ text: String) -> String {
        let bytes = Array(text.utf8)
        var kept: [UInt8] = []
        var depth = 0
        var index = 0
        while index < bytes.count {
            if depth == 0, let end = fieldEnd(named: "name", in: bytes, at: index) {
                index = end
                continue
            }
            let next = tokenEnd(in: bytes, at: index)
            switch bytes[index] {
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            default: break
            }
            kept += bytes[index..<next]
            index = next
        }
        return String(decoding: kept, as: UTF8.self)
    }

    /// A configuration for files that say by their name what loads them; the server completes it.
    static func rendered(for files: [String]) throws(StepError) -> String {
        let backends = [
            "model.py": "python", "model.onnx": "onnxruntime", "model.pt": "pytorch", "model.plan": "tensorrt",
            "model.savedmodel": "tensorflow",
        ]
        let known = files.compactMap { backends[$0] }
        guard known.count == 1 else {
            throw StepError(
                .input,
                "the version has no \(fileName), and \(known.count) files that say by their name what loads them: "
                    + "add \(fileName) to serve.inputs", mayRetry: false)
        }
        return "backend: \"\(known[0])\"\n"
    }

    /// The end of `name: "text"` at a place; nil when something else stands there.
    private static func fieldEnd(named name: String, in bytes: [UInt8], at start: Int) -> Int? {
        guard bytes[start...].starts(with: name.utf8), start == 0 || !isWord(bytes[start - 1]) else { return nil }
        var index = space(in: bytes, after: start + name.utf8.count)
        guard index < bytes.count, bytes[index] == UInt8(ascii: ":") else { return nil }
        index = space(in: bytes, after: index + 1)
        guard index < bytes.count, bytes[index] == UInt8(ascii: "\"") || bytes[index] == UInt8(ascii: "'") else {
            return nil
        }
        index = tokenEnd(in: bytes, at: index)
        if index < bytes.count, bytes[index] == UInt8(ascii: ",") || bytes[index] == UInt8(ascii: ";") { index += 1 }
        return index
    }

    /// The end of the comment, string, word or single byte at a place.
    private static func tokenEnd(in bytes: [UInt8], at start: Int) -> Int {
        var index = start + 1
        switch bytes[start] {
        case UInt8(ascii: "#"):
            while index < bytes.count, bytes[index] != UInt8(ascii: "\n") { index += 1 }
        case UInt8(ascii: "\""), UInt8(ascii: "'"):
            while index < bytes.count, bytes[index] != bytes[start] {
                index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1
            }
            index = min(index + 1, bytes.count)
        case let byte where isWord(byte):
            while index < bytes.count, isWord(bytes[index]) { index += 1 }
        default: break
        }
        return index
    }

    private static func space(in bytes: [UInt8], after start: Int) -> Int {
        var index = start
        while index < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[index]) { index += 1 }
        return index
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
