import Foundation
import HeadgateCore

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
