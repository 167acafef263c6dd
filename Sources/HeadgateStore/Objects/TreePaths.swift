import HeadgateCore

/// Follows paths inside a folder's entries as a kernel would, without leaving the folder.
struct TreePaths {
    enum Failure: Error { case escapes, loops }

    private let links: [String: String]

    init(_ entries: [TreeEntry]) {
        var links: [String: String] = [:]
        for entry in entries {
            if case .link(let target) = entry.kind { links[entry.path] = target }
        }
        self.links = links
    }

    /// The normal path that a path leads to once every link on its way is followed; empty for the folder itself.
    func resolve(_ path: String) throws(Failure) -> String {
        var done: [Substring] = []
        var pending = Array(path.split(separator: "/").reversed())
        // As many links as Linux follows.
        var hops = 40
        while let part = pending.popLast() {
            if part == "." { continue }
            if part == ".." {
                guard done.popLast() != nil else { throw .escapes }
                continue
            }
            done.append(part)
            guard let target = links[done.joined(separator: "/")] else { continue }
            guard target.utf8.first != UInt8(ascii: "/") else { throw .escapes }
            guard hops > 0 else { throw .loops }
            hops -= 1
            done.removeLast()
            pending.append(contentsOf: target.split(separator: "/").reversed())
        }
        return done.joined(separator: "/")
    }

    /// Refuses a link that leads out of the folder, by its name.
    static func check(_ entries: [TreeEntry], of name: String) throws(StorageError) {
        let paths = TreePaths(entries)
        for entry in entries {
            guard case .link(let target) = entry.kind else { continue }
            do throws(Failure) {
                _ = try paths.resolve(entry.path)
            } catch .loops {
                throw StorageError(.unsupportedFile, "the link \(entry.path) in \(name) leads to itself: \(target)")
            } catch {
                throw StorageError(.escapes, "the link \(entry.path) in \(name) leads out of it: \(target)")
            }
        }
    }
}
