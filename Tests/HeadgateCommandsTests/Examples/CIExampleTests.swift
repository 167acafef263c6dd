import Foundation
import HeadgateTestSupport
import Testing

/// The examples for CI systems, played as far as one machine can.
@Suite(.timeLimit(.minutes(10))) struct CIExampleTests {
    enum Change: CaseIterable {
        case better, worse, broken

        var files: [String: String?] {
            switch self {
            case .better: ["data.txt": "0.95\n"]
            case .worse: ["data.txt": "0.4\n"]
            case .broken:
                ["headgate.yaml": Toy.manifest.replacingOccurrences(of: "target: local", with: "targt: local")]
            }
        }

        var status: Int32 { self == .better ? 0 : 1 }
    }

    @Test(arguments: CIExample.allCases, Change.allCases)
    func `a change passes or fails as it would, with its report`(_ example: CIExample, _ change: Change) async throws {
        let proposed = try await ProposedChange(change.files)
        let (result, folder) = try await proposed.run(example)
        #expect(result.status == change.status, "\(result)")
        let report = try String(contentsOfFile: "\(folder)/headgate-report/report.md", encoding: .utf8)
        switch change {
        case .better: #expect(report.contains("0.95"), "\(report)")
        case .worse: #expect(report.contains("accuracy 0.4 is below 0.5"), "\(report)")
        case .broken: #expect(report.contains("targt"), "\(report)")
        }
        #expect(!report.contains("README"), "what others merged is no part of the change: \(report)")
        let outputs: [String] =
            switch example {
            case .github: []
            case .gitlab: ["headgate-junit.xml", "gl-code-quality-report.json"]
            case .jenkins: ["headgate-junit.xml"]
            case .circleci: ["headgate-junit/headgate/junit.xml"]
            }
        for file in outputs { #expect(FileManager.default.fileExists(atPath: "\(folder)/\(file)"), "\(file)") }
        guard example == .github else { return }
        let output = try String(contentsOfFile: "\(proposed.origin.folder)/output", encoding: .utf8)
        #expect(output == "result=\(change == .better ? "passed" : "failed")\n")
        let summary = try String(contentsOfFile: "\(proposed.origin.folder)/summary.md", encoding: .utf8)
        #expect(summary.contains(change == .broken ? "targt" : "toy"), "\(summary)")
        if change == .broken { #expect(result.output.contains("::error file=headgate.yaml"), "\(result)") }
    }

    @Test(arguments: CIExample.allCases)
    func `a file is what its system's published schema says`(_ example: CIExample) async throws {
        for schema in example.schemas {
            let result = try await PythonTools.run(
                "check-jsonschema", schema.arguments + [schema.file], in: CIExample.folder)
            #expect(result.status == 0, "\(result)")
        }
    }

    @Test func `pre-commit takes the configuration, and its hook refuses a mistake`() async throws {
        let example = "\(CIExample.folder)/pre-commit/.pre-commit-config.yaml"
        let repository = try await TemporaryRepository()
        try await repository.commit("Add the toy model", Toy.files(accuracy: "0.9"))
        try FileManager.default.copyItem(atPath: example, toPath: "\(repository.path)/.pre-commit-config.yaml")
        try await repository.git("add", "-A")
        let program = URL(fileURLWithPath: HeadgateExecutable.path).deletingLastPathComponent().path
        func preCommit(_ arguments: String...) async throws -> CommandResult {
            try await PythonTools.run("pre-commit", arguments, in: repository.path, path: program)
        }
        #expect(try await preCommit("validate-config").status == 0)
        let fine = try await preCommit("run", "--all-files")
        #expect(fine.status == 0 && fine.output.contains("Passed"), "\(fine)")
        try repository.write(Change.broken.files)
        try await repository.git("add", "-A")
        let refused = try await preCommit("run", "--all-files")
        #expect(refused.status == 1 && refused.output.contains("unknown field \"targt\""), "\(refused)")
    }

    @Test func `what reaches a job is told in the guide`() throws {
        let guide = try String(contentsOfFile: "\(CIExample.folder)/README.md", encoding: .utf8)
        for file in [
            "github/action.yml", "gitlab/headgate.gitlab-ci.yml", "jenkins/Jenkinsfile",
            "circleci/.circleci/config.yml",
            "pre-commit/.pre-commit-config.yaml",
        ] {
            #expect(guide.contains(file) && FileManager.default.fileExists(atPath: "\(CIExample.folder)/\(file)"))
        }
    }
}
