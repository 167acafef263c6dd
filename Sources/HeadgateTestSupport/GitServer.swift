import Foundation
import Subprocess

/// Real Git servers on loopback, each on a port of its own, for as long as a closure runs.
package enum GitServer {
    /// A server that runs.
    package struct Server: Sendable {
        package let port: Int
        fileprivate let log: String

        /// What the server was asked so far: a line for each connection, or for each HTTP request.
        package var requests: [String] {
            let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
            return text.split(separator: "\n").map(String.init)
        }
    }

    /// Serves the repositories of a folder over `git://`.
    ///
    /// A connection falls silent after `stallAfter` bytes.
    package static func daemon<Result: Sendable>(
        serving folder: String, stallAfter: Int? = nil, _ body: (Server) async throws -> Result
    ) async throws -> Result {
        let command = ["git", "daemon", "--inetd", "--export-all", "--base-path=\(folder)", folder]
        return try await listen(["--stall-after", String(stallAfter ?? -1), "--"] + command, body)
    }

    /// Serves the repositories of a folder over `http://`.
    ///
    /// Every request must carry the `login`, a `user:password`; with `redirect`, each is sent there instead. With a
    /// `certificate`, a file of a key and its certificate, the server speaks `https://`.
    package static func http<Result: Sendable>(
        serving folder: String, login: String? = nil, redirect: String? = nil, certificate: String? = nil,
        _ body: (Server) async throws -> Result
    ) async throws -> Result {
        try await run(
            httpScript, [folder, login ?? "", redirect ?? "", certificate ?? ""],
            environment: ["GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null"], body
        )
    }

    /// Serves every repository of the machine over `ssh://`, as the user that runs the test.
    ///
    /// `hostKey` is the file of the host's private key, `authorizedKeys` that of the public keys that may log in.
    package static func ssh<Result: Sendable>(
        hostKey: String, authorizedKeys: String, _ body: (Server) async throws -> Result
    ) async throws -> Result {
        // The server insists on this folder when root starts it.
        if geteuid() == 0 {
            try FileManager.default.createDirectory(atPath: "/run/sshd", withIntermediateDirectories: true)
        }
        let options = [
            "HostKey=\(hostKey)", "AuthorizedKeysFile=\(authorizedKeys)", "StrictModes=no", "UsePAM=no",
            "PasswordAuthentication=no", "KbdInteractiveAuthentication=no", "PermitRootLogin=yes", "PidFile=none",
        ]
        let command = ["/usr/sbin/sshd", "-i", "-q", "-f", "/dev/null"] + options.flatMap { ["-o", $0] }
        return try await listen(["--stall-after", "-1", "--"] + command, body)
    }

    /// Accepts connections and never says anything.
    package static func silent<Result: Sendable>(_ body: (Server) async throws -> Result) async throws -> Result {
        try await listen(["--stall-after", "0", "--", "cat"], body)
    }

    private static func listen<Result: Sendable>(
        _ arguments: [String], _ body: (Server) async throws -> Result
    ) async throws -> Result {
        try await run(listenScript, arguments, environment: [:], body)
    }

    private static func run<Result: Sendable>(
        _ script: String, _ arguments: [String], environment: [String: String],
        _ body: (Server) async throws -> Result
    ) async throws -> Result {
        let folder = FileManager.default.temporaryDirectory.path + "/headgate-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let log = "\(folder)/log"
        try Data(script.utf8).write(to: URL(fileURLWithPath: "\(folder)/server.py"))
        var changes: [Environment.Key: String?] = [:]
        for (name, value) in environment { changes[Environment.Key(stringLiteral: name)] = value }
        let result = try await Subprocess.run(
            .name("python3"), arguments: Arguments(["\(folder)/server.py", log] + arguments),
            environment: .inherit.updating(changes), input: .inputWriter, output: .sequence, error: .discarded
        ) { execution in
            var port: Int?
            for try await line in execution.standardOutput.strings() {
                port = Int(line.trimmingCharacters(in: .whitespacesAndNewlines))
                break
            }
            guard let port else { throw GitFailure(message: "the test server did not start") }
            let result: Swift.Result<Result, any Error>
            do { result = .success(try await body(Server(port: port, log: log))) } catch { result = .failure(error) }
            // The server ends with its input.
            try await execution.standardInputWriter.finish()
            return result
        }
        return try result.closureResult.get()
    }
}

/// What both servers share: a log, and an end when the test ends, however it ends.
private let prelude = """
    import os, signal, socket, subprocess, sys, threading
    os.setsid()
    log = open(sys.argv[1], 'a')
    def note(line):
        log.write(line + '\\n')
        log.flush()
    def end_with_input():
        os.read(0, 1)
        os.killpg(0, signal.SIGKILL)
    threading.Thread(target=end_with_input, daemon=True).start()

    """

/// Starts a command for each connection, with the connection as its input and output.
private let listenScript =
    prelude + """
        stall = int(sys.argv[3])
        command = sys.argv[5:]
        listener = socket.create_server(('127.0.0.1', 0))
        print(listener.getsockname()[1], flush=True)
        def forward(source, connection):
            left = stall
            while left > 0:
                data = source.read1(min(left, 65536))
                if not data:
                    break
                connection.sendall(data)
                left -= len(data)
        kept = []
        while True:
            connection, _ = listener.accept()
            note('connection')
            if stall < 0:
                child = subprocess.Popen(command, stdin=connection, stdout=connection)
                connection.close()
                threading.Thread(target=child.wait, daemon=True).start()
                continue
            kept.append(connection)
            if stall > 0:
                child = subprocess.Popen(command, stdin=connection, stdout=subprocess.PIPE)
                kept.append(child)
                threading.Thread(target=forward, args=(child.stdout, connection), daemon=True).start()
        """

/// Hands requests to `git http-backend`.
private let httpScript =
    prelude + """
        import base64, http.server, ssl
        folder, login, redirect, certificate = sys.argv[2:6]
        wanted = 'Basic ' + base64.b64encode(login.encode()).decode()
        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *arguments):
                pass
            def body(self):
                if self.headers.get('Transfer-Encoding') != 'chunked':
                    return self.rfile.read(int(self.headers.get('Content-Length') or 0))
                pieces = []
                while size := int(self.rfile.readline().split(b';')[0], 16):
                    pieces.append(self.rfile.read(size))
                    self.rfile.readline()
                self.rfile.readline()
                return b''.join(pieces)
            def answer(self):
                note(self.command + ' ' + self.path)
                if redirect:
                    self.send_response(302)
                    self.send_header('Location', redirect + self.path)
                    self.end_headers()
                    return
                if login and self.headers.get('Authorization') != wanted:
                    self.send_response(401)
                    self.send_header('WWW-Authenticate', 'Basic realm="test"')
                    self.send_header('Content-Length', '0')
                    self.end_headers()
                    return
                path, _, query = self.path.partition('?')
                sent = self.body()
                environment = dict(
                    os.environ, GIT_PROJECT_ROOT=folder, GIT_HTTP_EXPORT_ALL='1', PATH_INFO=path, QUERY_STRING=query,
                    REQUEST_METHOD=self.command, CONTENT_TYPE=self.headers.get('Content-Type') or '',
                    CONTENT_LENGTH=str(len(sent)), REMOTE_ADDR='127.0.0.1')
                result = subprocess.run(
                    ['git', 'http-backend'], env=environment, input=sent, stdout=subprocess.PIPE)
                head, _, body = result.stdout.partition(b'\\r\\n\\r\\n')
                headers = [line.split(': ', 1) for line in head.decode().split('\\r\\n')]
                status = [value for name, value in headers if name == 'Status']
                self.send_response(int(status[0].split()[0]) if status else 200)
                for name, value in headers:
                    if name != 'Status':
                        self.send_header(name, value)
                self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            do_GET = answer
            do_POST = answer
        server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        print(server.server_address[1], flush=True)
        server.serve_forever()
        """
