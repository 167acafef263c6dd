import Foundation
import HeadgateCore
import Testing

@testable import HeadgateManifest

struct ManifestSchemaTests {
    struct Sample: CustomTestStringConvertible, Sendable {
        let name: String
        let kind: Kind
        let text: String
        let isValid: Bool
        var testDescription: String { name }
    }

    private static func target(_ spec: String) -> String {
        "apiVersion: headgate.dev/v1\nkind: Target\nmetadata: {name: t}\nspec: \(spec)"
    }

    static let samples: [Sample] =
        Kind.allCases.map { Sample(name: "example of \($0)", kind: $0, text: ManifestExample.text($0), isValid: true) }
        + DecodingTests.strategies.filter { !$0.0.contains("rolling: }") }.map {
            Sample(name: $0.0, kind: .deployment, text: deployment(strategy: $0.0), isValid: true)
        }
        + [
            ("{rolling: {}, recreate: {allowDowntime: true}}", false), ("{canery: {}}", false),
            ("{canary: {steps: []}}", false), ("{canary: {steps: [{weight: 101}]}}", false),
            ("{canary: {steps: [{weight: 1, pause: 5m}]}}", false), ("{bake: 30}", false), ("{onRevert: all}", false),
        ].map { Sample(name: $0.0, kind: .deployment, text: deployment(strategy: $0.0), isValid: $0.1) } + [
            Sample(
                name: "two providers", kind: .target, text: target("{local: {}, openInference: {}}"), isValid: false),
            Sample(name: "no provider", kind: .target, text: target("{}"), isValid: false),
            Sample(name: "a port", kind: .target, text: target("{local: {port: 8080}}"), isValid: true),
            Sample(
                name: "a command of numbers", kind: .model,
                text: model(steps: "{name: a, command: [x, 1, true], outputs: [model/]}"), isValid: true),
            Sample(
                name: "a misspelt field", kind: .model,
                text: model(steps: "{name: a, comand: [x], outputs: [model/]}"), isValid: false),
        ]

    @Test func `the schema and the decoder agree on what is right`() throws {
        for sample in Self.samples {
            let parsed = try parse(sample.text)
            #expect(
                parsed.objects.contains { $0.spec != nil } == sample.isValid, "\(sample.name): \(parsed.diagnostics)")
        }
        guard Python.hasJSONSchema else {
            Issue.record(
                "SKIPPED: python3 with jsonschema is not installed; Tests/run installs python3-jsonschema",
                severity: .warning)
            return
        }
        let job: [JSONValue] = try Self.samples.map { sample in
            .object([
                "name": .string(sample.name), "valid": .bool(sample.isValid),
                "schema": .string(ManifestSchema.jsonSchema(sample.kind)), "document": try json(sample.text),
            ])
        }
        let answer = try Python.run(
            """
            import json, sys
            from jsonschema import Draft202012Validator as Validator
            for sample in json.load(sys.stdin):
                schema = json.loads(sample["schema"])
                Validator.check_schema(schema)
                errors = [error.message for error in Validator(schema).iter_errors(sample["document"])]
                if sample["valid"] != (not errors):
                    print(sample["name"], errors)
            print("done")
            """, input: JSONValue.array(job).canonicalText)
        #expect(answer == "done\n")
    }

    /// The document as an editor's YAML 1.2 parser would see it.
    private func json(_ text: String) throws -> JSONValue {
        let lines = SourceLines(Array(text.utf8))
        let chunk = try #require(DocumentChunk.split(lines).first)
        let document = try #require(YAMLReader.read(chunk, of: lines, maxNodes: 10_000).documents.first)
        let reader = DocumentReader(file: try #require(RepositoryPath("a.yaml")), lines: lines)
        return try #require(CoreScalar.value(of: document.root, reader))
    }
}

/// The Python on this machine, for a second opinion.
private enum Python {
    static let hasJSONSchema = (try? run("import jsonschema; print('yes')", input: "")) == "yes\n"

    static func run(_ script: String, input: String) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", "-c", script]
        let (standardInput, output) = (Pipe(), Pipe())
        process.standardInput = standardInput
        process.standardOutput = output
        try process.run()
        // The script reads everything before it writes anything.
        try standardInput.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try standardInput.fileHandleForWriting.close()
        let answer = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return String(decoding: answer, as: UTF8.self)
    }
}
