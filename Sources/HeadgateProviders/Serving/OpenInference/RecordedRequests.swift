import FoundationEssentials
import HeadgateCore

/// Inference requests that a version must answer before it takes traffic.
struct RecordedRequests: Hashable, Sendable {
    private static let sizeLimit = 4 << 20
    private static let countLimit = 100

    struct Request: Hashable, Sendable {
        let body: [UInt8]
        /// Names of the outputs that it asks for; empty for all.
        let outputs: Set<String>
    }

    let requests: [Request]

    /// Reads one request or a list of them.
    ///
    /// - Throws: ``StepError``, not to be tried again, for what is not a request of the protocol.
    init(_ document: [UInt8]) throws(StepError) {
        guard document.count <= Self.sizeLimit else {
            throw StepError(.input, "the recorded requests are larger than 4 MiB", mayRetry: false)
        }
        let value: JSONValue
        do {
            value = try JSONFile.decode(JSONValue.self, document)
        } catch {
            throw StepError(.input, "the recorded requests are not JSON", mayRetry: false)
        }
        let list = if case .array(let values) = value { values } else { [value] }
        guard (1...Self.countLimit).contains(list.count) else {
            throw StepError(.input, "there are \(list.count) recorded requests, not 1 to 100", mayRetry: false)
        }
        var requests: [Request] = []
        for (index, value) in list.enumerated() {
            guard case .object(let members) = value, case .array(let inputs)? = members["inputs"], !inputs.isEmpty,
                let body = try? JSONFile.bytes(value)
            else { throw StepError(.input, "recorded request \(index + 1) has no inputs", mayRetry: false) }
            var outputs: Set<String> = []
            if case .array(let wanted)? = members["outputs"] {
                outputs = Set(wanted.compactMap(InferenceAnswer.name))
            }
            requests.append(Request(body: body, outputs: outputs))
        }
        self.requests = requests
    }
}

/// What an answer's outputs are.
enum InferenceAnswer {
    static func name(_ tensor: JSONValue) -> String? {
        guard case .object(let members) = tensor, case .string(let name)? = members["name"] else { return nil }
        return name
    }

    /// Types by name, of an answer or of a model's metadata; nil for what is neither.
    static func outputs(_ document: [UInt8]) -> [String: String]? {
        guard case .object(let members)? = try? JSONFile.decode(JSONValue.self, document),
            case .array(let tensors)? = members["outputs"]
        else { return nil }
        var outputs: [String: String] = [:]
        for tensor in tensors {
            guard case .object(let members) = tensor, case .string(let name)? = members["name"],
                case .string(let type)? = members["datatype"], outputs.updateValue(type, forKey: name) == nil
            else { return nil }
        }
        return outputs
    }

    /// What is wrong with an answer; nil when its outputs are those that were asked for and declared.
    static func problem(
        _ answer: [UInt8], declared: [String: String], wanted: Set<String>
    ) -> String? {
        guard let outputs = outputs(answer), !outputs.isEmpty else { return "the answer has no outputs" }
        // A model that declares nothing promises nothing.
        if !declared.isEmpty {
            for (name, type) in outputs.sorted(by: { $0.key < $1.key }) {
                guard let expected = declared[name] else { return "the answer has the output \(name), not declared" }
                guard type == expected else { return "the output \(name) is \(type), and is declared \(expected)" }
            }
        }
        let missing = (wanted.isEmpty ? Set(declared.keys) : wanted).subtracting(outputs.keys).sorted()
        return missing.first.map { "the answer lacks the output \($0)" }
    }
}
