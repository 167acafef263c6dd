import CLinux
import Glibc

/// A program to start, with everything that it is given.
struct SpawnRequest {
    let program: String
    let arguments: [String]
    let environment: [String: String]
    let directory: String?
    let input: Int32
    let output: Int32
    let error: Int32
    /// Becomes descriptor 3; -1 for none.
    let kept: Int32

    /// A child that waits to be released; -1 and errno on failure.
    func spawnHeld(_ gate: inout Int32) -> Int32 {
        withRequest { request in headgate_spawn_held(&request, &gate) }
    }

    /// A process that outlives this one; -1 and errno on failure.
    func spawnDetached() -> Int32 {
        withRequest { request in headgate_spawn_detached(&request) }
    }

    private func withRequest(_ body: (inout headgate_spawn) -> Int32) -> Int32 {
        let assignments = environment.sorted { $0.key < $1.key }.map { $0.key + "=" + $0.value }
        return withCStrings(arguments) { arguments in
            withCStrings(assignments) { environment in
                program.withCString { program in
                    guard let directory else {
                        var request = headgate_spawn(
                            path: program, arguments: arguments, environment: environment, directory: nil,
                            input: input, output: output, error: error, kept: kept)
                        return body(&request)
                    }
                    return directory.withCString { directory in
                        var request = headgate_spawn(
                            path: program, arguments: arguments, environment: environment, directory: directory,
                            input: input, output: output, error: error, kept: kept)
                        return body(&request)
                    }
                }
            }
        }
    }
}

/// Lends texts as a C array with a null at its end.
private func withCStrings(
    _ texts: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Int32
) -> Int32 {
    var pointers: [UnsafeMutablePointer<CChar>?] = texts.map { strdup($0) }
    pointers.append(nil)
    defer { for pointer in pointers { free(pointer) } }
    return pointers.withUnsafeBufferPointer { buffer in
        // Never nil: the array holds at least the null at its end.
        guard let start = buffer.baseAddress else { return -1 }
        return body(start)
    }
}

/// Where programs are found.
enum ProgramPath {
    /// The program's path as `execvp` would choose it; nil when there is none that can be executed.
    static func find(_ name: String, _ searchPath: String, in directory: String) -> String? {
        if name.contains("/") { return name }
        for folder in searchPath.split(separator: ":") {
            let path = folder.hasPrefix("/") ? "\(folder)/\(name)" : "\(directory)/\(folder)/\(name)"
            var status = stat()
            guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, access(path, X_OK) == 0 else {
                continue
            }
            return path
        }
        return nil
    }
}
