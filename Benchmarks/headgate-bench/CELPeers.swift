import Foundation

/// Other engines, from the Python package index, run by the benchmark's own runners.
enum CELPeers {
    struct Measurement {
        let peer: String
        let name: String
        let size: String
        let nanoseconds: Double
    }

    struct Failure: Error {
        let what: String
    }

    private static let requirements = [
        "cel-expr-python==0.1.3", "common-expression-language==0.10.0", "cel-python==0.5.0",
    ]
    private static let runners = [["bench_cpp.py"], ["bench_rust.py"], ["bench_celpy.py", "--compiled"]]

    /// Installs the peers where that has not happened yet, and measures them.
    static func run(folder: URL) throws -> [Measurement] {
        let python = try preparedPython()
        var measurements: [Measurement] = []
        for runner in runners {
            let arguments = [folder.appending(path: runner[0]).path] + runner.dropFirst()
            let output = try execute(python.path, arguments)
            guard let rows = try JSONSerialization.jsonObject(with: output) as? [[String: Any]] else {
                throw Failure(what: "\(runner[0]) printed no list")
            }
            for row in rows {
                guard let peer = row["peer"] as? String, let name = row["name"] as? String,
                    let size = row["size"] as? String, let times = row["eval_prepared"] as? [NSNumber],
                    let least = times.first
                else { continue }
                measurements.append(
                    Measurement(peer: peer, name: name, size: size, nanoseconds: least.doubleValue)
                )
            }
        }
        return measurements
    }

    /// The interpreter of a virtual environment that holds exactly the requirements; named by their digest.
    private static func preparedPython() throws -> URL {
        var digest: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in requirements.joined(separator: "\n").utf8 { digest = (digest ^ UInt64(byte)) &* 0x100_0000_01B3 }
        let folder = FileManager.default.homeDirectoryForCurrentUser
            .appending(path: ".cache/headgate/cel-peers-\(String(digest, radix: 16))")
        let python = folder.appending(path: "bin/python")
        let marker = folder.appending(path: "complete")
        if FileManager.default.fileExists(atPath: marker.path) { return python }
        try? FileManager.default.removeItem(at: folder)
        try FileManager.default.createDirectory(
            at: folder.deletingLastPathComponent(),
            withIntermediateDirectories: true
        )
        _ = try execute("/usr/bin/env", ["python3", "-m", "venv", folder.path])
        _ = try execute(python.path, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"] + requirements)
        try Data().write(to: marker)
        return python
    }

    private static func execute(_ path: String, _ arguments: [String]) throws -> Data {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(
                what: "\(([path] + arguments).joined(separator: " ")) ended with \(process.terminationStatus)")
        }
        return data
    }
}
