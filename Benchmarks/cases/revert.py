"""from the pushed revert to the first answer from the earlier version, beside the model server's own start"""
import http.client
import socket
import statistics
import subprocess
import sys
import time
import urllib.parse

from harness.bench import Row, until
from harness.controller import Controller
from harness.repository import Repository

RUNS = 7
SERVER = '''
import argparse, http.server, pathlib
p = argparse.ArgumentParser(); p.add_argument("--model"); p.add_argument("--port", type=int); a = p.parse_args()
body = pathlib.Path(a.model).read_bytes()
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.send_response(200); self.send_header("content-length", str(len(body))); self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(("127.0.0.1", a.port), Handler).serve_forever()
'''
MANIFEST = '''\
apiVersion: headgate.dev/v1
kind: Model
metadata: {name: echo}
spec:
  pipeline:
    steps:
    - {name: train, command: [cp, data, model], inputs: [data], outputs: [model]}
  artifact: model
  serve:
    inputs: [serve.py]
    command: [python3, serve.py, --model, $(model), --port, $(port)]
    ready: {path: /, within: 60s}
---
apiVersion: headgate.dev/v1
kind: Deployment
metadata: {name: echo}
spec:
  model: echo
  target: local
  strategy: {rolling: {}}
'''


def ask(port, path="/"):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def own_start(folder):
    """Seconds from the start of the model server alone to its first answer."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    started = time.perf_counter()
    server = subprocess.Popen([sys.executable, "serve.py", "--model", "data", "--port", str(port)], cwd=folder)
    try:
        until(lambda: ask(port), 30, "the server")
        return time.perf_counter() - started
    finally:
        server.kill()
        server.wait()


def run(bench):
    repository = Repository(bench.folder / "repository")
    repository.write("serve.py", SERVER)
    repository.write("headgate.yaml", MANIFEST)

    def say_so(value):
        repository.write("data", value)
        repository.commit(f"Say {value}")

    say_so("one")
    times, starts = [], []
    with Controller(bench, repository.folder) as controller:
        def deployment():
            return controller.get("deployments")[0]

        address = urllib.parse.urlsplit(until(lambda: deployment().get("address"), 120, "an address"))

        def answer():
            return ask(address.port, address.path + "/")

        def settled(value):
            until(lambda: answer() == value, 120, f"the answer {value}")
            until(lambda: not deployment().get("rollout") and len(deployment()["versions"]) == 1, 120, "the drain")

        settled("one")
        for attempt in range(RUNS):
            say_so(f"two{attempt}")
            controller.nudge()
            settled(f"two{attempt}")
            repository.revert()
            # The poll interval does not count: the controller is told at once.
            started = time.perf_counter()
            controller.nudge()
            until(lambda: answer() == "one", 60, "the earlier version", interval=0.002)
            times.append(time.perf_counter() - started)
            settled("one")
            starts.append(own_start(repository.folder))
    ours, own = statistics.median(times), statistics.median(starts)
    yield Row("revert to serving", ours, "s", own, "the server's own start", "<= own start + 0.5 s", ours <= own + 0.5)
