import Foundation
import HeadgateAPI
import HeadgateCore
import HeadgateManifest

/// Places as they can be opened from where the command was given.
extension PolicyFiles {
    /// The path of a file from the current folder.
    func path(of file: RepositoryPath) -> String {
        let path = "\(root)/\(file)".split(separator: "/")
        let current = FileManager.default.currentDirectoryPath.split(separator: "/")
        let common = zip(path, current).prefix { $0 == $1 }.count
        guard common > 0 || current.isEmpty else { return "/" + path.joined(separator: "/") }
        return (Array(repeating: "..", count: current.count - common) + path[common...]).joined(separator: "/")
    }

    /// A place as compilers print it.
    func text(of place: SourceLocation) -> String { "\(path(of: place.file)):\(place.line):\(place.column)" }

    /// A diagnostic with its place.
    func text(of diagnostic: Diagnostic) -> String {
        guard let place = diagnostic.location else { return "\(diagnostic)" }
        return text(of: place) + "\(diagnostic)".dropFirst("\(place)".count)
    }
}

extension PolicyFiles {
    /// Reads what lies below a path that a person named.
    ///
    /// - Throws: `APIProblem` with `.invalid`, which is usage, when there is no such path.
    init(of path: String) throws(APIProblem) {
        guard let files = PolicyFiles(at: path) else {
            throw APIProblem(.invalid, "there is no file or folder \(path)")
        }
        self = files
    }
}

/// What to do where a test's policy is not among what was read.
extension PolicyFiles {
    /// Files that are looked through for a policy that was not read; a home folder has too many.
    private static let searchLimit = 2000

    /// Where the policy is, or how it was probably meant; how to name it where nothing like it is found.
    func advice(onPolicyOf test: ParsedPolicyTest, _ spec: PolicyTestSpec) -> String {
        if let near = Spelling.nearest(to: spec.policy.text, among: policies.map(\.name.text)) {
            return "did you mean \"\(near)\"?"
        }
        let folder = test.location.file.parent
        let all = root.isEmpty ? [] : Self.files(of: root, below: .root, limit: Self.searchLimit)
        if let file = file(holding: spec.policy, among: all) {
            let from = Self.path(from: folder, to: file)
            return "\(path(of: file)) has it: write `from: \(from)` below spec, or test a folder that holds both"
        }
        return "it is looked for in what is tested and beside the test: name its file, as `from: ../policy.yaml` below "
            + "spec, or test a folder that holds both"
    }

    /// The files in a test's folder that were not read.
    func besides(_ test: ParsedPolicyTest) -> [RepositoryPath] {
        let folder = test.location.file.parent
        let names = root.isEmpty ? nil : try? FileManager.default.contentsOfDirectory(atPath: "\(root)/\(folder)")
        let found = (names ?? []).filter { !$0.hasPrefix(".") }.compactMap { folder.resolving($0) }
        return found.filter { ManifestParser.isManifestPath($0) && !files.contains($0) }.sorted()
            .prefix(Self.searchLimit).map(\.self)
    }

    /// The first of some files that holds a policy.
    func file(holding policy: PolicyName, among files: [RepositoryPath]) -> RepositoryPath? {
        files.first { file in
            guard let bytes = try? bytes(of: file, limit: ManifestParser.maxFileSize),
                PolicyTestParser.mentionsPolicies(bytes)
            else { return false }
            return ManifestParser.parse(bytes, file: file, source: Self.source).objects.contains {
                $0.id.kind == .policy && $0.id.name == policy.text
            }
        }
    }

    private static func path(from folder: RepositoryPath, to file: RepositoryPath) -> String {
        let (from, to) = (folder.text.split(separator: "/"), file.text.split(separator: "/"))
        let common = zip(from, to).prefix { $0 == $1 }.count
        return (Array(repeating: "..", count: from.count - common) + to[common...]).joined(separator: "/")
    }
}
