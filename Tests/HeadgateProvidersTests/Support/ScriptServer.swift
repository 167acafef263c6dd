import HeadgateCore
import HeadgateTestSupport
import Testing

@testable import HeadgateProviders

/// A server that a test writes in Python.
enum ScriptServer {
    /// Serves with the script's class `Handler` while the body runs, which gets host and port: `127.0.0.1:20481`.
    ///
    /// Several in one folder need names of their own.
    static func run(
        _ script: String, named name: String = "server", in scratch: Scratch,
        _ body: (_ host: String) async throws -> Void
    ) async throws {
        let start = """

            import http.server, os
            server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
            with open("\(name).port.new", "w") as file:
                print(server.server_port, file=file)
            os.rename("\(name).port.new", "\(name).port")
            server.serve_forever()
            """
        Files.write(script + start, to: "\(scratch.path)/\(name).py")
        let shim = ShimProcess(folder: "\(scratch.path)/\(name)")
        let spec = ShimSpec(
            command: ["python3", "\(name).py"], directory: scratch.path, environment: ["PATH": "/usr/bin:/bin"],
            mode: .once(timeout: .seconds(600)), grace: .milliseconds(100))
        _ = try shim.start(spec, executable: HeadgateExecutable.path)
        try #require(
            await eventually { (Files.read("\(scratch.path)/\(name).port") ?? "").hasSuffix("\n") },
            "\(LocalFiles.tail(shim.logPath))")
        do {
            try await body("127.0.0.1:" + (Files.read("\(scratch.path)/\(name).port") ?? "").dropLast())
        } catch {
            shim.terminate()
            throw error
        }
        shim.terminate()
        _ = try await shim.ended()
    }
}
