import HeadgateCore
import Testing

@testable import HeadgateProviders

/// What is put into the servers' folder.
@Suite struct ModelFilesTests {
    private let scratch: Scratch
    private let store = MemoryStore()
    private let version = VersionID(Digest.of(Array("v".utf8)))

    init() throws { scratch = try Scratch() }

    private func repository(_ layout: OpenInferenceTargetSpec.Layout) -> ModelRepository {
        let filler = WorkspaceFiller(
            store: store, sources: [RunnerFixture.source: store],
            pins: PinFetcher(policy: PinPolicy(), store: store, folder: scratch.path + "/pins"))
        Files.createFolders(scratch.path + "/models")
        return ModelRepository(path: scratch.path + "/models", layout: layout, filler: filler)
    }

    private func bundle(
        _ artifact: MemoryStore.Node, at path: String = "model/", _ inputs: [String: MemoryStore.Node] = [:]
    ) -> ServingBundle {
        ServingBundle(
            artifact: store.keep(artifact), artifactPath: path,
            inputs: inputs.sorted { $0.key < $1.key }.map { BundleInput(path: $0.key, entry: store.track($0.value)) },
            serve: ServeSpec(), environment: nil, source: RunnerFixture.source)
    }

    private func model(_ layout: OpenInferenceTargetSpec.Layout) -> ServedModel {
        ServedModel(deployment: "wine", version: version, layout: layout)
    }

    /// Every file below the repository, by path.
    private func files() throws -> [String: String] {
        let root = scratch.path + "/models"
        var files: [String: String] = [:]
        for entry in try FileTree.list(root) where entry.kind == .file {
            files[entry.path] = Files.read(root + "/" + entry.path)
        }
        return files
    }

    @Test func `settings that are given keep what they say, but for the name and version`() async throws {
        let given = #"{"name": "other", "implementation": "a.B", "parameters": {"uri": "./m.bin", "extra": {"k": 1}}}"#
        let bundle = bundle(.folder(["m.bin": .file("x"), "model-settings.json": .file(given)]))
        let model = model(.mlserver)
        try await repository(.mlserver).stage(bundle, version, as: model)
        let files = try files()
        let short = version.short
        #expect(
            files["wine.\(short)/model/model-settings.json"]
                == #"{"implementation":"a.B","name":"wine.\#(short)","parameters":{"extra":{"k":1},"uri":"./m.bin","#
                + #""version":"\#(short)"}}"#)
        #expect(files["wine.\(short)/model/m.bin"] == "x")
        #expect(Files.names(scratch.path + "/models") == ["wine.\(short)"])
    }

    @Test func `an artifact that says by its name what loads it needs no settings`() async throws {
        try await repository(.mlserver).stage(
            bundle(.folder(["model.joblib": .file("x"), "notes.txt": .file("y")])), version, as: model(.mlserver))
        let text = try #require(try files()["wine.\(version.short)/model-settings.json"])
        #expect(text.contains(#""implementation":"mlserver_sklearn.SKLearnModel""#))
        #expect(text.contains(#""uri":"./model/model.joblib""#))
    }

    @Test func `Triton gets its configuration beside one folder with artifact and inputs`() async throws {
        let config = """
            # name: "comment"
            name: "other"
            backend: "python"
            input [ { name: "x" data_type: TYPE_FP32 dims: [ 4 ] } ]
            """
        let bundle = bundle(
            .folder(["weights.bin": .file("w")]), ["config.pbtxt": .file(config), "src/model.py": .file("code")])
        try await repository(.triton).stage(bundle, version, as: model(.triton))
        let short = version.short
        var files = try files()
        files["wine.\(short)/.headgate.json"] = nil
        #expect(
            files == [
                "wine.\(short)/config.pbtxt": """
                # name: "comment"

                backend: "python"
                input [ { name: "x" data_type: TYPE_FP32 dims: [ 4 ] } ]
                """, "wine.\(short)/1/weights.bin": "w", "wine.\(short)/1/model.py": "code",
            ])
    }

    @Test(arguments: [
        (#"name: "a" backend: "b""#, #" backend: "b""#),
        (#"name : 'a';backend: "name: \"x\"""#, #"backend: "name: \"x\"""#),
        (#"filename: "a""#, #"filename: "a""#),
        (#"input { name: "x" } name: "y""#, #"input { name: "x" } "#),
        (#"name: "unended"#, ""),
        (#"name"#, "name"),
    ])
    func `only the model's own name is taken out of a configuration`(_ text: String, _ expected: String) {
        #expect(ModelConfiguration.unnamed(text) == expected)
    }

    private static let refused:
        [(OpenInferenceTargetSpec.Layout, MemoryStore.Node, [String: MemoryStore.Node], String)] = [
            (
                .mlserver,
                .folder(["model-settings.json": .file("{}"), "sub": .folder(["model-settings.json": .file("{}")])]),
                [:], "2 files named model-settings.json"
            ),
            (.mlserver, .folder(["model-settings.json": .file("[]")]), [:], "not a JSON object"),
            (
                .mlserver, .folder(["a.joblib": .file(""), "b.joblib": .file("")]), [:],
                "2 files that say by their name"
            ),
            (.triton, .folder(["weights.bin": .file("")]), [:], "0 files that say by their name"),
            (.triton, .folder(["model.py": .file("a")]), ["model.py": .file("b")], "two files named model.py"),
            (
                .triton, .folder(["model.py": .file("a")]), ["a/b": .folder(["x": .link("../../model/model.py")])],
                "leads out"
            ),
            (.mlserver, .folder(["m.joblib": .link("/etc/passwd")]), [:], "leads out"),
        ]

    @Test(arguments: refused) func `files that servers could misread are refused, and nothing is left`(
        _ layout: OpenInferenceTargetSpec.Layout, _ artifact: MemoryStore.Node, _ inputs: [String: MemoryStore.Node],
        _ message: String
    ) async throws {
        let error = await #expect(throws: StepError.self) {
            try await repository(layout).stage(bundle(artifact, inputs), version, as: model(layout))
        }
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
        #expect(error?.mayRetry == false)
        #expect(Files.names(scratch.path + "/models") == [])
    }

    @Test func `a folder of somebody else is neither used nor removed`() async throws {
        let model = model(.mlserver)
        let repository = repository(.mlserver)
        Files.write("theirs", to: scratch.path + "/models/\(model.name)/file")
        await #expect(throws: StepError.self) {
            try await repository.stage(bundle(.folder(["m.joblib": .file("")])), version, as: model)
        }
        try await repository.remove(model)
        #expect(Files.read(scratch.path + "/models/\(model.name)/file") == "theirs")
    }
}

@Suite struct RecordedRequestsTests {
    @Test(arguments: [
        ("{", "not JSON"), ("[]", "0 recorded requests"), ("{}", "request 1 has no inputs"),
        (#"[{"inputs": [{}]}, {"inputs": []}]"#, "request 2 has no inputs"), ("3", "request 1 has no inputs"),
    ])
    func `what is no request is refused`(_ text: String, _ message: String) {
        let error = #expect(throws: StepError.self) { try RecordedRequests(Array(text.utf8)) }
        #expect(error?.message.contains(message) == true)
        #expect(error?.mayRetry == false)
    }

    private static let answers: [(answer: String, declared: [String: String], wanted: Set<String>, problem: String?)] =
        [
            (#"{"outputs": [{"name": "y", "datatype": "FP32"}]}"#, ["y": "FP32"], [], nil),
            (#"{"outputs": [{"name": "y", "datatype": "FP32"}]}"#, [:], [], nil),
            (#"{"outputs": [{"name": "y", "datatype": "FP32"}]}"#, ["y": "FP32", "z": "INT8"], ["y"], nil),
            (
                #"{"outputs": [{"name": "y", "datatype": "FP64"}]}"#, ["y": "FP32"], [],
                "the output y is FP64, and is declared FP32"
            ),
            (
                #"{"outputs": [{"name": "z", "datatype": "FP32"}]}"#, ["y": "FP32"], [],
                "the answer has the output z, not declared"
            ),
            (#"{"outputs": [{"name": "y", "datatype": "FP32"}]}"#, [:], ["z"], "the answer lacks the output z"),
            (#"{"outputs": []}"#, [:], [], "the answer has no outputs"),
            (#"{"outputs": [{"name": "y"}]}"#, [:], [], "the answer has no outputs"),
            ("[]", [:], [], "the answer has no outputs"),
        ]

    @Test(arguments: answers) func `an answer has the outputs that were asked for, of their declared types`(
        _ answer: String, _ declared: [String: String], _ wanted: Set<String>, _ problem: String?
    ) {
        #expect(InferenceAnswer.problem(Array(answer.utf8), declared: declared, wanted: wanted) == problem)
    }
}
