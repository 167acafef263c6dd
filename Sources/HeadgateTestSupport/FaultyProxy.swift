import Foundation
import Subprocess

/// A TCP proxy on loopback that misbehaves as it is told, for as long as a closure runs.
package struct FaultyProxy: Sendable {
    package enum Manner: String, Sendable, CaseIterable {
        /// Passes on what comes.
        case fair
        /// Nobody listens.
        case refused
        /// The connection is reset once something was asked.
        case reset
        /// Every piece of an answer comes late and is short.
        case slow
        /// Half of what is sent at once arrives, then the connection ends.
        case cut
    }

    package let port: Int
    private let control: String

    /// Runs a proxy in front of a port of this machine; it is fair at first.
    package static func run<Result: Sendable>(
        to port: Int, _ body: (FaultyProxy) async throws -> Result
    ) async throws -> Result {
        let folder = FileManager.default.temporaryDirectory.path + "/headgate-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let (script, control) = ("\(folder)/proxy.py", "\(folder)/manner")
        try Data(Self.script.utf8).write(to: URL(fileURLWithPath: script))
        try Data(Manner.fair.rawValue.utf8).write(to: URL(fileURLWithPath: control))
        let result = try await Subprocess.run(
            .name("python3"), arguments: [script, String(port), control], input: .inputWriter, output: .sequence,
            error: .discarded
        ) { execution in
            var own: Int?
            for try await line in execution.standardOutput.strings() {
                own = Int(line.trimmingCharacters(in: .whitespacesAndNewlines))
                break
            }
            guard let own else { throw GitFailure(message: "the proxy did not start") }
            let result: Swift.Result<Result, any Error>
            do {
                result = .success(try await body(FaultyProxy(port: own, control: control)))
            } catch {
                result = .failure(error)
            }
            // The proxy ends with its input.
            try await execution.standardInputWriter.finish()
            return result
        }
        return try result.closureResult.get()
    }

    /// From now on the proxy does so; connections from before end.
    package func behave(_ manner: Manner) async throws {
        try Data(manner.rawValue.utf8).write(to: URL(fileURLWithPath: control), options: .atomic)
        // The proxy says that it does by taking the file away.
        let end = ContinuousClock.now + .seconds(30)
        while FileManager.default.fileExists(atPath: control) {
            guard ContinuousClock.now < end else { throw GitFailure(message: "the proxy does not obey") }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    private static let script = """
        import os, select, signal, socket, struct, sys, threading, time
        os.setsid()
        target, control = int(sys.argv[1]), sys.argv[2]
        def end_with_input():
            os.read(0, 1)
            os.killpg(0, signal.SIGKILL)
        threading.Thread(target=end_with_input, daemon=True).start()
        manner, live, lock = "fair", set(), threading.Lock()

        def listen(port):
            listener = socket.socket()
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", port))
            listener.listen(128)
            return listener

        def reset(connection):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()

        def serve(client, manner):
            with lock:
                live.add(client)
            server = None
            try:
                if manner == "reset":
                    client.recv(65536)
                    return reset(client)
                server = socket.create_connection(("127.0.0.1", target))
                while True:
                    for source in select.select([client, server], [], [])[0]:
                        data = source.recv(65536)
                        if not data:
                            return
                        if source is client:
                            server.sendall(data)
                        elif manner == "cut":
                            client.sendall(data[:len(data) // 2])
                            return
                        elif manner == "slow":
                            for start in range(0, len(data), 512):
                                time.sleep(0.02)
                                client.sendall(data[start:start + 512])
                        else:
                            client.sendall(data)
            except OSError:
                pass
            finally:
                with lock:
                    live.discard(client)
                client.close()
                if server:
                    server.close()

        listener = listen(0)
        port = listener.getsockname()[1]
        print(port, flush=True)
        while True:
            if os.path.exists(control):
                with open(control) as file:
                    manner = file.read().strip()
                with lock:
                    for connection in live:
                        try:
                            connection.shutdown(socket.SHUT_RDWR)
                        except OSError:
                            pass
                if manner == "refused" and listener:
                    listener.close()
                    listener = None
                elif manner != "refused" and not listener:
                    listener = listen(port)
                os.unlink(control)
            if not listener:
                time.sleep(0.01)
            elif select.select([listener], [], [], 0.01)[0]:
                client, _ = listener.accept()
                threading.Thread(target=serve, args=(client, manner), daemon=True).start()

        """
}
