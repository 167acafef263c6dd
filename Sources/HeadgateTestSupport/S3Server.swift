import Foundation

/// SeaweedFS, a real S3 server, with a bucket of its own.
package final class S3Server {
    /// What a client has to know.
    package let environment: [String: String]
    private let process = Process()
    private let folder: URL

    /// Whether there is a SeaweedFS to start.
    package static var isInstalled: Bool { home != nil }

    private static var home: String? { ProcessInfo.processInfo.environment["HEADGATE_VALIDATORS"] }

    /// Starts it, and waits until it takes objects.
    package init() async throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("s3-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let identities = #"""
            {"identities": [{"name": "ci", "credentials": [{"accessKey": "test-key", "secretKey": "test-secret"}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"]}]}
            """#
        try identities.write(to: folder.appendingPathComponent("s3.json"), atomically: true, encoding: .utf8)
        let ports = try await Self.freePorts(8)
        environment = [
            "AWS_ACCESS_KEY_ID": "test-key", "AWS_SECRET_ACCESS_KEY": "test-secret",
            "AWS_ENDPOINT_URL": "http://127.0.0.1:\(ports[0])",
        ]
        process.executableURL = URL(fileURLWithPath: "\(Self.home ?? "")/bin/weed")
        process.arguments = [
            "server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-dir=\(folder.path)", "-filer", "-s3",
            "-s3.config=\(folder.path)/s3.json", "-s3.port=\(ports[0])", "-s3.port.grpc=\(ports[1])",
            "-master.port=\(ports[2])", "-master.port.grpc=\(ports[3])", "-volume.port=\(ports[4])",
            "-volume.port.grpc=\(ports[5])", "-filer.port=\(ports[6])", "-filer.port.grpc=\(ports[7])",
            "-volume.max=64", "-master.volumeSizeLimitMB=64",
            // Servers that have ports of their own, which another SeaweedFS on the machine may hold.
            "-s3.port.iceberg=0", "-s3.port.lance=0",
        ]
        let log = folder.appendingPathComponent("log")
        _ = FileManager.default.createFile(atPath: log.path, contents: nil)
        process.standardOutput = try FileHandle(forWritingTo: log)
        process.standardError = process.standardOutput
        try process.run()
        // curl signs by itself, so the bucket is made by a tool that is not ours.
        var hasBucket = false
        for _ in 0..<120 where process.isRunning {
            let made = try await request("/shared", "-f", "-X", "PUT")
            hasBucket = hasBucket || made.status == 0
            // A bucket can stand before there is a volume that takes its objects.
            let assigned = try await Self.run(
                "curl", ["-sf", "http://127.0.0.1:\(ports[2])/dir/assign?collection=shared"])
            if hasBucket, assigned.output.contains("fid") { return }
            try await Task.sleep(for: .milliseconds(500))
        }
        throw NotStarted(log: (try? String(contentsOf: log, encoding: .utf8)) ?? "")
    }

    private struct NotStarted: Error { let log: String }

    /// What it answers to a tool that is not ours.
    package func request(_ path: String, _ options: String...) async throws -> CommandResult {
        let signing = ["-s", "--aws-sigv4", "aws:amz:us-east-1:s3", "--user", "test-key:test-secret"]
        return try await Self.run("curl", signing + options + ["\(environment["AWS_ENDPOINT_URL"] ?? "")\(path)"])
    }

    private static func run(_ program: String, _ arguments: [String]) async throws -> CommandResult {
        try await HeadgateProgram(in: "/").run(arguments, program: program)
    }

    /// At once: what it holds goes too, and asked to end it waits for minutes.
    package func stop() {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: folder)
    }

    private static func freePorts(_ count: Int) async throws -> [Int] {
        let script = """
            import socket
            sockets = [socket.socket() for _ in range(\(count))]
            for s in sockets: s.bind(("127.0.0.1", 0))
            print(*[s.getsockname()[1] for s in sockets])
            """
        return try await run("python3", ["-c", script]).output.split { $0.isWhitespace }.compactMap { Int($0) }
    }
}
