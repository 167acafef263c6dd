import Foundation

/// A file that a command writes a result to, at a path that a person gave.
struct OutputFile {
    let path: String

    /// Writes all, and makes the folders above.
    ///
    /// A file changes at once, by a rename. What is none, such as a pipe, a device or a link, stays and is written to.
    func write(_ text: String) throws(OutputProblem) {
        try attempt { () throws(SystemRefusal) in
            if let stream = [StandardStream.output, .errors].first(where: { $0.isReached(by: path) }) {
                return try stream.write(text)
            }
            var found = stat()
            guard lstat(path, &found) == 0 else {
                try makeFolders()
                return try replace(text, mode: nil)
            }
            guard found.st_mode & S_IFMT == S_IFREG else { return try write(text, O_TRUNC) }
            do throws(SystemRefusal) {
                try replace(text, mode: found.st_mode & 0o7777)
            } catch {
                // A file that was given to its writer alone, as a mount or in a folder of others.
                guard [EACCES, EPERM, EBUSY].contains(error.number) else { throw error }
                try write(text, O_TRUNC)
            }
        }
    }

    /// Adds to what is there.
    func append(_ text: String) throws(OutputProblem) {
        try attempt { () throws(SystemRefusal) in
            try makeFolders()
            try write(text, O_APPEND)
        }
    }

    private func attempt(_ body: () throws(SystemRefusal) -> Void) throws(OutputProblem) {
        if let link = linkInWorkTree {
            let whose = link == path ? "is" : "is behind \(link),"
            throw OutputProblem(
                path, "\(whose) a link in a Git work tree, which a change could have laid: name the file that is meant")
        }
        do { try body() } catch { throw OutputProblem(path, "cannot be written: \(error)") }
    }

    /// The first link on the way that lies in a work tree of Git, where whoever proposes a change says what it leads to.
    private var linkInWorkTree: String? {
        var isWithin = false
        var place = path.hasPrefix("/") ? "" : FileManager.default.currentDirectoryPath
        var given = ""
        func isTree() -> Bool { access(place + "/.git", F_OK) == 0 }
        if !path.hasPrefix("/") {
            var above = place
            while !isWithin, !above.isEmpty {
                isWithin = access(above + "/.git", F_OK) == 0
                above = String(above[..<(above.lastIndex(of: "/") ?? above.startIndex)])
            }
        }
        for part in path.split(separator: "/") {
            place += "/" + part
            given += (given.isEmpty && !path.hasPrefix("/") ? "" : "/") + part
            var found = stat()
            if isWithin, lstat(place, &found) == 0, found.st_mode & S_IFMT == S_IFLNK { return given }
            isWithin = isWithin || isTree()
        }
        return nil
    }

    private func makeFolders() throws(SystemRefusal) {
        var folder = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/").dropLast() {
            folder += part + "/"
            guard mkdir(folder, 0o777) == 0 || errno == EEXIST else { throw SystemRefusal() }
        }
    }

    private func replace(_ text: String, mode: mode_t?) throws(SystemRefusal) {
        let name = URL(fileURLWithPath: path).lastPathComponent
        let folder = path.dropLast(path.hasSuffix(name) ? name.count : 0)
        let partial = "\(folder).headgate.\(UUID().uuidString)"
        let descriptor = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw SystemRefusal() }
        do throws(SystemRefusal) {
            defer { close(descriptor) }
            if let mode { fchmod(descriptor, mode) }
            try StandardStream.write(text, to: descriptor)
            guard rename(partial, path) == 0 else { throw SystemRefusal() }
        } catch {
            unlink(partial)
            throw error
        }
    }

    private func write(_ text: String, _ flags: Int32) throws(SystemRefusal) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0o666)
        guard descriptor >= 0 else { throw SystemRefusal() }
        defer { close(descriptor) }
        try StandardStream.write(text, to: descriptor)
    }
}

/// Why an output was not written.
struct OutputProblem: Error, CustomStringConvertible {
    let description: String

    init(_ file: String, _ problem: String) { description = "\(file) \(problem)" }
}
