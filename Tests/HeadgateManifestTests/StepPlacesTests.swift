import HeadgateCore
import HeadgateManifest
import Testing

struct StepPlacesTests {
    private func place(_ model: String, _ step: String, in text: String) throws -> String? {
        let places = StepPlaces(Array(text.utf8), file: try #require(RepositoryPath("m/headgate.yaml")))
        return places[try #require(ModelName(model)), try #require(StepName(step))].map { "\($0)" }
    }

    @Test func `a step is found by its Model and name, however it is written`() throws {
        let text = """
            # Two Models, and something else.
            apiVersion: headgate.dev/v1
            kind: Model
            metadata: {name: wine}
            spec:
              pipeline:
                steps:
                - command: [a]
                  name: prepare
                -   name: train
                    command: [b]
            ---
            apiVersion: headgate.dev/v1
            kind: Model
            metadata: {name: beer}
            spec: {pipeline: {steps: [{name: train, command: [c]}, {name: odd}]}}
            ---
            kind: Model
            metadata: {name: foreign}
            spec: {pipeline: {steps: [{name: train}]}}
            """
        #expect(try place("wine", "prepare", in: text) == "m/headgate.yaml:8:7")
        #expect(try place("wine", "train", in: text) == "m/headgate.yaml:10:9")
        #expect(try place("beer", "train", in: text) == "m/headgate.yaml:16:27")
        #expect(try place("beer", "prepare", in: text) == nil && place("foreign", "train", in: text) == nil)
    }

    @Test(arguments: ["", "apiVersion: headgate.dev/v1\nkind: Model\nspec: [", "\u{FEFF}- a", "steps: &a [*a]"])
    func `a file that is not valid has no places`(_ text: String) throws {
        #expect(try place("wine", "train", in: text) == nil)
    }
}
