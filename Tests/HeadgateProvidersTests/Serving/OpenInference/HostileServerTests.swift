import Glibc
import HeadgateCore
import HeadgateTestSupport
import Testing

@testable import HeadgateProviders

/// Servers that answer as no server should.
@Suite struct HostileServerTests {
    private let scratch: Scratch
    private let model = ServedModel(
        deployment: "wine", version: VersionID(Digest.of(Array("v".utf8))), layout: .mlserver)

    init() throws { scratch = try Scratch() }

    private struct Case: CustomTestStringConvertible, Sendable {
        let behaviour: String
        /// Part of what people are told.
        let message: String
        /// Whether the server answered at all.
        let isAnswer: Bool
        var testDescription: String { behaviour }
    }

    private static let cases = [
        Case(behaviour: "drip", message: "within 2s", isAnswer: false),
        Case(behaviour: "silent", message: "within 2s", isAnswer: false),
        Case(behaviour: "cut", message: "no whole answer", isAnswer: false),
        Case(behaviour: "garbage", message: "no whole answer", isAnswer: false),
        Case(behaviour: "huge", message: "larger than 4 MiB", isAnswer: true),
        Case(behaviour: "redirect", message: "answered 302", isAnswer: true),
        Case(behaviour: "error", message: "no such model", isAnswer: true),
        Case(behaviour: "traceback", message: "answered 500: ValueError: bad weights", isAnswer: true),
        Case(behaviour: "control", message: "a [31m b", isAnswer: true),
    ]

    @Test(arguments: cases) private func `an answer that cannot be used ends in time with what it was`(
        _ hostile: Case
    ) async throws {
        try await withServer(hostile.behaviour) { server in
            let refusal = await #expect(throws: InferenceServer.Refusal.self) {
                try await server.load(model, within: .seconds(2))
            }
            let text = refusal?.message ?? ""
            #expect(text.contains(hostile.message), "\(text)")
            #expect(text.utf8.count <= 1100)
            #expect((refusal?.status != nil) == hostile.isAnswer)
            #expect(await server.readiness(of: model) != .ready)
        }
    }

    @Test func `nobody listening is no answer`() async throws {
        let server = try #require(InferenceServer(OpenInferenceTargetSpec.Endpoint(url: "http://127.0.0.1:1")))
        guard case .unreachable = await server.readiness(of: model) else {
            Issue.record("a server that does not run is ready or not ready")
            return
        }
    }

    private func withServer(_ behaviour: String, _ body: (InferenceServer) async throws -> Void) async throws {
        Files.write(Self.script, to: scratch.path + "/server.py")
        let shim = ShimProcess(folder: scratch.path + "/shim")
        let spec = ShimSpec(
            command: ["/usr/bin/python3", scratch.path + "/server.py", behaviour, scratch.path + "/port"],
            directory: scratch.path, environment: ["PATH": "/usr/bin:/bin"],
            mode: .once(timeout: .seconds(600)), grace: .milliseconds(100))
        _ = try shim.start(spec, executable: HeadgateExecutable.path)
        #expect(await eventually { Files.exists(scratch.path + "/port") })
        let port = Files.read(scratch.path + "/port") ?? ""
        let server = try #require(InferenceServer(OpenInferenceTargetSpec.Endpoint(url: "http://127.0.0.1:\(port)")))
        do {
            try await body(server)
        } catch {
            shim.terminate()
            throw error
        }
        shim.terminate()
        _ = try await shim.ended()
    }

    private static let script = #"""
        import os, socket, sys, threading, time
        behaviour, file = sys.argv[1:3]
        def head(status, length):
            return f"HTTP/1.1 {status} X\r\ncontent-type: text/plain\r\ncontent-length: {length}\r\n\r\n".encode()
        def answer(connection):
            connection.recv(65536)
            if behaviour == "drip":
                connection.sendall(head(200, 1000000))
                while True:
                    connection.sendall(b"x")
                    time.sleep(0.2)
            elif behaviour == "silent":
                time.sleep(600)
            elif behaviour == "cut":
                connection.sendall(head(200, 1000) + b"half")
            elif behaviour == "garbage":
                connection.sendall(b"\x00\x01\x02 not http\r\n\r\n")
            elif behaviour == "huge":
                connection.sendall(head(200, 1 << 30))
                while True:
                    connection.sendall(b" " * 65536)
            elif behaviour == "redirect":
                connection.sendall(b"HTTP/1.1 302 X\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n")
            elif behaviour == "error":
                body = b'{"error": "no such model"}'
                connection.sendall(head(400, len(body)) + body)
            elif behaviour == "traceback":
                body = b"Traceback (most recent call last):\n  File\n" * 100 + b"ValueError: bad weights\n\n"
                connection.sendall(head(500, len(body)) + body)
            elif behaviour == "control":
                body = b'{"error": "a\\u001b[31m\\n b' + b"x" * 5000 + b'"}'
                connection.sendall(head(400, len(body)) + body)
        def serve(connection):
            try:
                answer(connection)
            except OSError:
                pass
            connection.close()
        listener = socket.create_server(("127.0.0.1", 0))
        with open(file + ".new", "w") as out:
            out.write(str(listener.getsockname()[1]))
        os.rename(file + ".new", file)
        while True:
            threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
        """#
}
