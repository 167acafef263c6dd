import Foundation
import HeadgateTestSupport
import Testing

/// What the program prints of expressions and of gates before anything runs.
@Suite struct GateCommandTests {
    private func run(_ arguments: [String], in folder: URL) throws -> (output: String, errors: String, code: Int32) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: HeadgateExecutable.path)
        process.arguments = arguments
        process.currentDirectoryURL = folder
        let outputFile = folder.appendingPathComponent("stdout")
        let errorFile = folder.appendingPathComponent("stderr")
        for file in [outputFile, errorFile] { try Data().write(to: file) }
        process.standardOutput = try FileHandle(forWritingTo: outputFile)
        process.standardError = try FileHandle(forWritingTo: errorFile)
        try process.run()
        process.waitUntilExit()
        return (
            try String(contentsOf: outputFile, encoding: .utf8), try String(contentsOf: errorFile, encoding: .utf8),
            process.terminationStatus
        )
    }

    private func folder(_ body: (URL) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("gates-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder)
    }

    @Test func `an expression's value, cost, parts and exit code are told`() throws {
        try folder { folder in
            let evidence = #"{"candidate": {"metrics": {"accuracy": 0.91}}, "params": {"floor": 0.95}}"#
            try Data(evidence.utf8).write(to: folder.appendingPathComponent("e.json"))
            let arguments = ["policy", "eval", "candidate.metrics.accuracy >= params.floor", "--evidence", "e.json"]
            let plain = try run(arguments, in: folder)
            #expect(plain.code == 1)
            #expect(plain.output == "false\ncost 6, estimated 0 to no bound\n")
            let explained = try run(arguments + ["--explain"], in: folder)
            #expect(explained.output.contains("  candidate.metrics.accuracy → 0.91\n"))
            #expect(explained.output.contains("  params.floor → 0.95\n"))
        }
    }

    @Test func `a plan says what its gates still wait for`() throws {
        try folder { folder in
            let manifest = """
                apiVersion: headgate.dev/v1
                kind: Model
                metadata: {name: wine, labels: {tier: production}}
                spec:
                  pipeline:
                    steps:
                    - {name: train, command: [cp, data, model], inputs: [data], outputs: [model], params: {trees: 9}}
                    - {name: test, command: [test], inputs: [model], metrics: {file: m.json, names: {accuracy: double}}}
                  artifact: model
                  serve: {command: [serve, $(model), $(port)]}
                ---
                apiVersion: headgate.dev/v1
                kind: Deployment
                metadata: {name: wine}
                spec: {model: wine, target: local, strategy: {rolling: {}}}
                ---
                apiVersion: headgate.dev/v1
                kind: Policy
                metadata: {name: floor}
                spec:
                  at: [validate]
                  match: {labels: {tier: production}}
                  params: {accuracy: 0.85}
                  rules:
                  - name: accuracy
                    expression: model.labels.tier == 'production' && candidate.metrics.accuracy >= params.accuracy
                """
            try Data(manifest.utf8).write(to: folder.appendingPathComponent("headgate.yaml"))
            try Data("x\n".utf8).write(to: folder.appendingPathComponent("data"))
            for arguments in [
                ["init", "-q", "-b", "main"], ["add", "headgate.yaml", "data"],
                ["-c", "user.name=T", "-c", "user.email=t@example.com", "commit", "-qm", "Add the wine"],
            ] {
                let git = Process()
                git.executableURL = URL(fileURLWithPath: "/usr/bin/env")
                git.arguments = ["git"] + arguments
                git.currentDirectoryURL = folder
                try git.run()
                git.waitUntilExit()
                #expect(git.terminationStatus == 0)
            }
            let table = try run(["plan", "."], in: folder)
            #expect(table.code == 1, "\(table.errors)")
            let line = table.output.split(separator: "\n").first { $0.hasPrefix("floor (validate)") }
            #expect(line?.contains("waits") == true, "\(table.output)")
            #expect(line?.contains("   candidate.metrics.accuracy   ") == true)
            #expect(line?.hasSuffix("accuracy: candidate.metrics.accuracy >= 0.85") == true)
            let json = try run(["plan", ".", "-o", "json"], in: folder)
            #expect(json.output.contains(#""residual" : "candidate.metrics.accuracy >= 0.85""#))
        }
    }
}
