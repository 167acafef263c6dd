package import HeadgateCore

/// Where the steps of a file's Models stand.
///
/// Specs do not say it, since they are the same wherever they stand.
package struct StepPlaces: Sendable {
    private var places: [ModelName: [StepName: SourceLocation]] = [:]

    /// Reads a file; one that is not valid has no places.
    package init(_ bytes: [UInt8], file: RepositoryPath) {
        guard bytes.count <= ManifestParser.maxFileSize else { return }
        let lines = SourceLines(bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes)
        for chunk in DocumentChunk.split(lines) {
            for document in YAMLReader.read(chunk, of: lines, maxNodes: YAMLLimits.nodes).documents {
                add(document.root, file)
            }
        }
    }

    package subscript(model: ModelName, step: StepName) -> SourceLocation? { places[model]?[step] }

    private mutating func add(_ document: YAMLNode, _ file: RepositoryPath) {
        guard document["apiVersion"]?.scalarText?.hasPrefix(Declaration.apiGroup) == true,
            document["kind"]?.scalarText == Kind.model.rawValue,
            let model = document["metadata"]?["name"]?.scalarText.flatMap({ ModelName($0) }),
            case .sequence(let steps)? = document["spec"]?["pipeline"]?["steps"]?.content
        else { return }
        for step in steps {
            guard let name = step["name"]?.scalarText.flatMap({ StepName($0) }) else { continue }
            places[model, default: [:]][name] = SourceLocation(
                file: file, line: Int(step.mark.line), column: Int(step.mark.column))
        }
    }
}
