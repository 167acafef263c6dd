import Foundation
import HeadgateCore
import HeadgateManifest

/// The policies and tests below a path of a checkout, as they are on disk, or at a commit.
struct PolicyFiles {
    /// A Policy with the place of its document.
    struct Policy: Sendable {
        let name: PolicyName
        let meta: ObjectMeta
        let spec: PolicySpec
    }

    /// Gives the bytes of a file up to a size.
    typealias Load = @Sendable (RepositoryPath, Int) throws(Unreadable) -> [UInt8]

    /// The repository's root; where there is no repository, the current folder or, for a path outside it, its own.
    ///
    /// Empty for a commit's files.
    let root: String
    private let load: Load
    /// The YAML files that were read, in order.
    let files: [RepositoryPath]
    private(set) var policies: [Policy] = []
    private(set) var tests: [ParsedPolicyTest] = []
    private(set) var diagnostics: [Diagnostic] = []
    /// Those among them that are about tests.
    private(set) var testDiagnostics: [Diagnostic] = []

    /// Tests' files and names of policies that were looked for beside them.
    private var sought: Set<String> = []

    /// Files of evidence beyond this size are refused.
    static let maxEvidenceSize = 16 << 20

    static let source = SourceName("checkout").orDie("a constant name")

    /// Reads what lies below a path; nil when there is no such path.
    ///
    /// The repository's root is found by its `.git`, unless it is given.
    init?(at path: String, root given: String? = nil) {
        let full = URL(fileURLWithPath: path).standardizedFileURL.path
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: full, isDirectory: &isFolder) else { return nil }
        let folder = isFolder.boolValue ? full : URL(fileURLWithPath: full).deletingLastPathComponent().path
        let root = given ?? Self.repository(around: folder) ?? Self.currentFolder(around: folder) ?? folder
        self.root = root
        load = { file, limit throws(Unreadable) in try Self.bytes(of: file, below: root, limit) }
        let start = full == root ? RepositoryPath.root : RepositoryPath(full.dropFirst(root.count + 1))
        guard let start else { return nil }
        files = isFolder.boolValue ? Self.files(of: root, below: start) : [start]
        for file in files { read(file) }
    }

    /// Reads some files, wherever they are kept.
    init(_ files: [RepositoryPath], load: @escaping Load) {
        self.files = files
        self.load = load
        root = ""
        for file in files { read(file) }
    }

    /// The bytes of a file of the repository, wherever in it; an error when it is too large, no file, or a link.
    func bytes(of file: RepositoryPath, limit: Int = maxEvidenceSize) throws(Unreadable) -> [UInt8] {
        try load(file, limit)
    }

    private static func bytes(
        of file: RepositoryPath, below root: String, _ limit: Int
    ) throws(Unreadable) -> [UInt8] {
        let path = "\(root)/\(file)"
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        guard let attributes else { throw Unreadable(file: file, problem: "there is no such file") }
        guard attributes[.type] as? FileAttributeType == .typeRegular, isInside(path, root) else {
            throw Unreadable(file: file, problem: "it is not a plain file of the repository")
        }
        guard (attributes[.size] as? Int ?? 0) <= limit else {
            throw Unreadable(file: file, problem: "it is larger than \(limit >> 20) MiB")
        }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw Unreadable(file: file, problem: "it cannot be read")
        }
        return Array(data)
    }

    /// A file that was named and cannot be used.
    struct Unreadable: Error, CustomStringConvertible {
        let file: RepositoryPath
        let problem: String
        var description: String { "\(file): \(problem)" }
    }

    /// The policy of a name: in the file that the test names, else among all that was read, else beside the test.
    mutating func policy(of test: ParsedPolicyTest, _ spec: PolicyTestSpec) throws(Unreadable) -> Policy? {
        if let from = spec.from, let file = test.location.file.parent.resolving(from) {
            if !policies.contains(where: { $0.meta.location.file == file }) { try add(file, bytes(of: file)) }
            return policies.first { $0.name == spec.policy && $0.meta.location.file == file }
        }
        var named = policies.filter { $0.name == spec.policy }
        // Looked for once, not for each case.
        if named.isEmpty, sought.insert("\(test.location.file) \(spec.policy)").inserted,
            let file = file(holding: spec.policy, among: besides(test))
        {
            try add(file, bytes(of: file))
            named = policies.filter { $0.name == spec.policy }
        }
        // Of several the nearest, so that a library may hold variants.
        return named.first { $0.meta.location.file.parent == test.location.file.parent } ?? named.first
    }

    private mutating func read(_ file: RepositoryPath) {
        do {
            try add(file, bytes(of: file))
        } catch {
            diagnostics.append(
                Diagnostic(
                    .error, code: "unreadable", error.problem, at: SourceLocation(file: file, line: 1, column: 1)))
        }
    }

    private mutating func add(_ file: RepositoryPath, _ bytes: [UInt8]) {
        let parsed = ManifestParser.parse(bytes, file: file, source: Self.source)
        for object in parsed.objects {
            guard case .policy(let spec)? = object.spec, let name = PolicyName(object.id.name) else { continue }
            policies.append(Policy(name: name, meta: object.meta, spec: spec.value))
        }
        diagnostics += parsed.diagnostics.filter { $0.object.map { $0.kind == .policy } ?? true }
        let (tests, problems) = PolicyTestParser.parse(bytes, file: file)
        self.tests += tests
        diagnostics += problems
        testDiagnostics += problems
    }

    // A folder on the way may be a link; what it leads to must still be inside.
    private static func isInside(_ path: String, _ root: String) -> Bool {
        let real = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        let base = URL(fileURLWithPath: root).resolvingSymlinksInPath().path
        return base == "/" || real.hasPrefix(base + "/")
    }

    private static func currentFolder(around folder: String) -> String? {
        let current = FileManager.default.currentDirectoryPath
        return folder == current || folder.hasPrefix(current + "/") ? current : nil
    }

    private static func repository(around folder: String) -> String? {
        var folder = URL(fileURLWithPath: folder)
        while true {
            if FileManager.default.fileExists(atPath: folder.appendingPathComponent(".git").path) { return folder.path }
            guard folder.pathComponents.count > 1 else { return nil }
            folder.deleteLastPathComponent()
        }
    }

    /// Those that may hold manifests, in order; with a limit, no more than so many names are looked at.
    static func files(of root: String, below start: RepositoryPath, limit: Int = .max) -> [RepositoryPath] {
        let base = start.text.isEmpty ? root : "\(root)/\(start)"
        guard let walk = FileManager.default.enumerator(atPath: base) else { return [] }
        var files: [RepositoryPath] = []
        var seen = 0
        for case let name as String in walk {
            seen += 1
            if seen > limit { break }
            if (name.split(separator: "/").last ?? "").hasPrefix(".") {
                walk.skipDescendants()
                continue
            }
            guard let path = start.resolving(name), ManifestParser.isManifestPath(path) else { continue }
            let attributes = try? FileManager.default.attributesOfItem(atPath: "\(root)/\(path)")
            if attributes?[.type] as? FileAttributeType == .typeRegular { files.append(path) }
        }
        return files.sorted()
    }
}
