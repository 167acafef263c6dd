import Glibc
import HeadgateCore

/// The folders of one run: a tree with the declared inputs, in it the working directory, and beside it HOME and TMPDIR.
struct Workspace: Hashable, Sendable {
    let root: String
    /// Names of the folders from the tree's root to the working directory, one for each `../` that an input has.
    let levels: [String]

    init(root: String, depth: Int, inputs: [String]) {
        self.root = root
        // A sibling of the manifest's folder may have any name, so ours must be one that no input has.
        var name = "work"
        while inputs.contains(where: { $0.split(separator: "/").contains { $0 == name } }) { name += "_" }
        levels = Array(repeating: name, count: max(0, depth))
    }

    init(of launch: StepLaunch, root: String) {
        self.init(root: root, depth: launch.depth, inputs: launch.inputs.map(\.path))
    }

    var tree: String { root + "/tree" }
    var home: String { root + "/home" }
    var temporary: String { root + "/tmp" }
    var directory: String { ([tree] + levels).joined(separator: "/") }

    /// A path relative to the working directory as one relative to the tree; nil when it leads out of the tree.
    func resolve(_ path: String) -> String? {
        guard !path.utf8.contains(0), path.utf8.first != UInt8(ascii: "/") else { return nil }
        var parts = levels
        for part in path.split(separator: "/") {
            switch part {
            case ".": continue
            case "..": guard parts.popLast() != nil else { return nil }
            default: parts.append(String(part))
            }
        }
        return parts.joined(separator: "/")
    }

    /// Whether every folder from the tree to a path is a folder itself, and not a link to one.
    func hasPlainParents(_ path: String) -> Bool {
        var parent = tree
        for part in path.split(separator: "/").dropLast() {
            parent += "/" + part
            guard LocalFiles.isFolder(parent) else { return false }
        }
        return true
    }

    func absolute(_ path: String) -> String { path.isEmpty ? tree : tree + "/" + path }

    /// Creates the folders that a path stands in, none of which may be a link.
    func createParents(of path: String) throws(StepError) {
        do {
            try LocalFiles.createFolders(tree, mode: 0o755)
            var parent = tree
            for part in path.split(separator: "/").dropLast() {
                parent += "/" + part
                if mkdir(parent, 0o755) == 0 { continue }
                guard errno == EEXIST else { throw SystemError("cannot create", parent) }
                guard LocalFiles.isFolder(parent) else {
                    throw StepError(
                        .input, "input \(path): \(part) is an input itself, and not a folder", mayRetry: false)
                }
            }
        } catch let error as StepError {
            throw error
        } catch let error as SystemError {
            throw StepError(.input, error)
        } catch {
            throw StepError(.input, "\(error)", mayRetry: true)
        }
    }
}

/// Symbolic links that lead out of a folder.
enum LinkCheck {
    /// The first link whose target is not in the folder, as `path -> target`; nil when there is none.
    static func firstEscape(in root: String, _ entries: [FileTree.Entry]) -> String? {
        for entry in entries {
            guard case .link(let target) = entry.kind else { continue }
            let folder = entry.path.split(separator: "/").dropLast().map(String.init)
            if !staysInside(root, from: folder, target) { return "\(entry.path) -> \(target)" }
        }
        return nil
    }

    /// Follows a link as the kernel would: what is before `..` may itself be a link to somewhere shallower.
    private static func staysInside(_ root: String, from folder: [String], _ target: String) -> Bool {
        guard target.utf8.first != UInt8(ascii: "/") else { return false }
        var place = folder
        var left = target.split(separator: "/").map(String.init)[...]
        var links = 0
        while let part = left.popFirst() {
            if part == "." { continue }
            if part == ".." {
                guard place.popLast() != nil else { return false }
                continue
            }
            place.append(part)
            let path = root + "/" + place.joined(separator: "/")
            guard let status = LocalFiles.status(path), status.st_mode & S_IFMT == S_IFLNK else { continue }
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = buffer.withUnsafeMutableBytes { buffer in
                buffer.baseAddress.map { readlink(path, $0.assumingMemoryBound(to: CChar.self), buffer.count) } ?? -1
            }
            links += 1
            let next = String(decoding: buffer.prefix(max(count, 0)), as: UTF8.self)
            guard count > 0, links <= 40, next.utf8.first != UInt8(ascii: "/") else { return false }
            place.removeLast()
            left = (next.split(separator: "/").map(String.init) + left)[...]
        }
        return true
    }
}
