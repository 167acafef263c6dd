import ArgumentParser
import HeadgateCore
import HeadgateManifest

/// The command `headgate schema KIND`.
struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "Print the JSON Schema of a kind of manifest, for editors.")

    @Argument(help: "Model, Policy, Deployment, Target or PolicyTest.")
    var kind: String

    func run() throws {
        if kind.lowercased() == "policytest" {
            print(ManifestSchema.policyTestSchema())
            return
        }
        guard let kind = Kind.allCases.first(where: { $0.rawValue.lowercased() == kind.lowercased() }) else {
            let known = Kind.allCases.map(\.rawValue).joined(separator: ", ") + ", PolicyTest"
            throw ValidationError("\(kind) is not a kind: known are \(known)")
        }
        print(ManifestSchema.jsonSchema(kind))
    }
}
