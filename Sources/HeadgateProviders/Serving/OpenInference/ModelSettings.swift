import FoundationEssentials
import Glibc
import HeadgateCore

/// MLServer's `model-settings.json` of one version.
///
/// Source: https://mlserver.readthedocs.io/en/latest/reference/model-settings.html
enum ModelSettings {
    static let fileName = "model-settings.json"
    private static let sizeLimit = 1 << 20

    /// Names a version in its settings, or writes settings for an artifact that says by its name what it is.
    ///
    /// - Parameters:
    ///   - model: What the version is called on the servers, whatever the settings say.
    ///   - tree: The version's files.
    ///   - artifact: Where the artifact stands in it.
    /// - Throws: ``StepError``, not to be tried again, for settings that are not one JSON object or cannot be guessed.
    static func write(_ model: ServedModel, in tree: String, artifact: String) throws(StepError) {
        let found: [String]
        do throws(SystemError) {
            found = try FileTree.list(tree).map(\.path).filter { $0.split(separator: "/").last ?? "" == fileName }
        } catch {
            throw StepError(.input, error)
        }
        // The server looks for settings in every folder, so a second file would be another model.
        guard found.count <= 1 else {
            throw StepError(
                .input, "the version has \(found.count) files named \(fileName), and may have one", mayRetry: false)
        }
        let path = found.first ?? fileName
        var settings: [String: JSONValue]
        if found.isEmpty {
            settings = try rendered(tree, artifact)
        } else {
            settings = try read(tree + "/" + path)
        }
        settings["name"] = .string(model.name)
        var parameters: [String: JSONValue] =
            if case .object(let given)? = settings["parameters"] { given } else { [:] }
        parameters["version"] = .string(model.version)
        settings["parameters"] = .object(parameters)
        do {
            try LocalFiles.writeAtomically(
                JSONFile.bytes(JSONValue.object(settings)), to: tree + "/" + path, mode: 0o644, durable: false)
        } catch {
            throw StepError(.input, "\(path) cannot be written: \(error)", mayRetry: true)
        }
    }

    private static func read(_ path: String) throws(StepError) -> [String: JSONValue] {
        guard let status = LocalFiles.status(path), status.st_mode & S_IFMT == S_IFREG,
            let bytes = try? LocalFiles.read(path, limit: sizeLimit),
            case .object(let settings)? = try? JSONFile.decode(JSONValue.self, bytes)
        else { throw StepError(.input, "\(fileName) is not a JSON object in a file", mayRetry: false) }
        return settings
    }

    /// Runtimes by what MLServer's own file names are.
    private static let runtimes: [(suffix: String, implementation: String)] = [
        (".joblib", "mlserver_sklearn.SKLearnModel"), (".pkl", "mlserver_sklearn.SKLearnModel"),
        (".pickle", "mlserver_sklearn.SKLearnModel"), (".ubj", "mlserver_xgboost.XGBoostModel"),
    ]

    private static func rendered(_ tree: String, _ artifact: String) throws(StepError) -> [String: JSONValue] {
        let place = tree + (artifact.isEmpty ? "" : "/" + artifact)
        if LocalFiles.exists(place + "/MLmodel") {
            return settings("mlserver_mlflow.MLflowRuntime", artifact)
        }
        let files =
            LocalFiles.isFolder(place)
            ? LocalFiles.names(in: place).map { artifact.isEmpty ? $0 : artifact + "/" + $0 } : [artifact]
        let known = files.compactMap { file in
            runtimes.first { file.hasSuffix($0.suffix) }.map { (file, $0.implementation) }
        }
        guard known.count == 1, let (file, implementation) = known.first else {
            throw StepError(
                .input,
                "the version has no \(fileName), and its artifact has \(known.count) files that say by their name "
                    + "what loads them: add \(fileName) to serve.inputs", mayRetry: false)
        }
        return settings(implementation, file)
    }

    private static func settings(_ implementation: String, _ path: String) -> [String: JSONValue] {
        ["implementation": .string(implementation), "parameters": .object(["uri": .string("./" + path)])]
    }
}
