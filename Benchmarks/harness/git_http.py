"""A Git server on loopback: `git http-backend` behind Python's HTTP server.

With `remember`, an answer to a GET is asked of Git once and then repeated, until `forget()`: for measuring what a client
does rather than what `git` does.
"""
import http.server
import os
import subprocess
import threading

from harness.repository import ENVIRONMENT


class GitServer:
    def __init__(self, folder, remember=False):
        self.folder = folder
        self.remembered = {} if remember else None
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # A head and a body are two writes; the second must not wait for the client to acknowledge the first.
            disable_nagle_algorithm = True

            def log_message(self, *_):
                pass

            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                key = (self.path, self.headers.get("Git-Protocol"))
                known = server.remembered.get(key) if server.remembered is not None and not body else None
                status, fields, answer = known or server.ask(self, body)
                if server.remembered is not None and not body:
                    server.remembered[key] = (status, fields, answer)
                self.send_response(status)
                for name, value in fields:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST = answer

        class Server(http.server.ThreadingHTTPServer):
            request_queue_size = 128
            daemon_threads = True

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def ask(self, request, body):
        path, _, query = request.path.partition("?")
        environment = dict(
            ENVIRONMENT, GIT_PROJECT_ROOT=str(self.folder), GIT_HTTP_EXPORT_ALL="1", PATH_INFO=path,
            QUERY_STRING=query, REQUEST_METHOD=request.command, REMOTE_ADDR="127.0.0.1",
            CONTENT_TYPE=request.headers.get("Content-Type") or "", CONTENT_LENGTH=str(len(body)),
            GIT_PROTOCOL=request.headers.get("Git-Protocol") or "",
            HTTP_CONTENT_ENCODING=request.headers.get("Content-Encoding") or "")
        result = subprocess.run(["git", "http-backend"], env=environment, input=body, stdout=subprocess.PIPE)
        head, _, answer = result.stdout.partition(b"\r\n\r\n")
        fields = [line.split(": ", 1) for line in head.decode().split("\r\n")]
        status = next((int(value.split()[0]) for name, value in fields if name == "Status"), 200)
        return status, [field for field in fields if field[0] != "Status"], answer

    def url(self, repository):
        return f"http://127.0.0.1:{self.port}/{os.path.relpath(repository, self.folder)}/.git"

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
