import Glibc

/// The `headgate` program that was built beside the running tests.
package enum HeadgateExecutable {
    /// Its path; the environment's `HEADGATE_EXECUTABLE` wins.
    package static let path: String = {
        if let chosen = getenv("HEADGATE_EXECUTABLE") { return String(cString: chosen) }
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        let bundle = String(decoding: buffer.prefix(max(count, 0)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let beside = String(bundle[..<(bundle.lastIndex(of: "/") ?? bundle.startIndex)]) + "/headgate"
        if access(beside, X_OK) == 0 { return beside }
        // Some runners load the bundle into a program of their own and name it among the arguments.
        for argument in CommandLine.arguments where argument.hasSuffix(".xctest") {
            let folder = argument[..<(argument.lastIndex(of: "/") ?? argument.startIndex)]
            let candidate = folder + "/headgate"
            if access(String(candidate), X_OK) == 0 { return String(candidate) }
        }
        return beside
    }()
}
