import Foundation

/// The sources of the modules, as text.
enum Sources {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    static let folder = root.appendingPathComponent("Sources")

    /// Paths of Swift files below a folder, in order.
    static func files(below folder: URL) throws -> [URL] {
        let paths = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
        return paths.filter { $0.hasSuffix(".swift") }.sorted().map { folder.appendingPathComponent($0) }
    }

    /// The modules that each file of a module imports, by the file's path.
    static func imports(of module: String) throws -> [(file: String, imports: Set<String>)] {
        try files(below: folder.appendingPathComponent(module)).map { file in
            var imports: Set<String> = []
            for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
                let words = line.split(separator: " ")
                guard let place = words.firstIndex(of: "import"), place + 1 < words.count,
                    words[..<place].allSatisfy({ $0.hasPrefix("@") || ["package", "public", "internal"].contains($0) })
                else { continue }
                let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "func"]
                let name = words[kinds.contains(words[place + 1]) ? place + 2 : place + 1]
                imports.insert(String(name.prefix { $0 != "." }))
            }
            return (file.path, imports)
        }
    }
}
