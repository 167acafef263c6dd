"""Times Headgate beside its rivals, on one machine in one run.

plan       a 100-step chain with nothing to do: `headgate plan` beside `dvc status`
manifests  10,000 manifests, one changed: from asking the controller to its plan, beside `git fetch` of the same commit
revert     from the pushed revert to the first answer from the earlier version, beside the server's own start
cel        the expression engine beside its peers from PyPI, in CPU time
"""
import argparse
import contextlib
import hashlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse

import cel as expressions

DVC = "dvc==3.59.2"
IDENTITY = ["-c", "user.name=Bench", "-c", "user.email=bench@example.com", "-c", "commit.gpgsign=false"]
SERVER = '''
import argparse, http.server, pathlib
p = argparse.ArgumentParser(); p.add_argument("--model"); p.add_argument("--port", type=int); a = p.parse_args()
body = pathlib.Path(a.model).read_bytes()
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.send_response(200); self.send_header("content-length", str(len(body))); self.end_headers(); self.wfile.write(body)
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(("127.0.0.1", a.port), Handler).serve_forever()
'''


def say(text):
    print(text, file=sys.stderr, flush=True)


def git(folder, *arguments):
    return subprocess.run(
        ["git", *IDENTITY, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def timed(command, cwd, runs=7, codes=(0,)):
    """The median seconds of a command after one warm-up."""
    times = []
    for index in range(runs + 1):
        started = time.perf_counter()
        done = subprocess.run(command, cwd=cwd, capture_output=True)
        if done.returncode not in codes:
            raise RuntimeError(f"{command} ended with {done.returncode}: {done.stderr.decode()[-500:]}")
        if index:
            times.append(time.perf_counter() - started)
    return statistics.median(times)


def until(condition, seconds, what):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError, http.client.HTTPException, subprocess.SubprocessError, ValueError):
            found = condition()
            if found:
                return found
        time.sleep(0.005)
    raise RuntimeError(f"waited {seconds} s for {what}")


class Unix(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=60)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(self.path)


class Controller:
    def __init__(self, headgate, repository, folder, poll="1h", steps=2):
        self.state = folder / "state"
        self.log = open(folder / "controller.log", "a")
        self.process = subprocess.Popen(
            [headgate, "run", "--repo", str(repository), "--branch", "main", "--poll", poll, "--state", str(self.state),
             "--concurrent-steps", str(steps)], stdout=self.log, stderr=self.log, start_new_session=True)

    def get(self, path, body=None):
        connection = Unix(str(self.state / "api.sock"))
        connection.request("POST" if body is not None else "GET", f"/api/v1/{path}", body)
        answer = json.loads(connection.getresponse().read())
        connection.close()
        return answer

    def nudge(self):
        self.get("sources/repository/reconcile", "[]")

    def memory(self):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024
        return 0

    def stop(self):
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(20)
        for pid in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                if str(self.state).encode() in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes():
                    os.kill(int(pid), signal.SIGKILL)


def row(name, ours, rival, unit, ratio, goal, met):
    return {"name": name, "ours": round(ours, 4), "rival": round(rival, 4), "unit": unit, "ratio": round(ratio, 2),
            "goal": goal, "met": bool(met)}


def plan(options, folder):
    count = 100
    repository = folder / "repository"
    repository.mkdir()
    git(repository, "init", "-q", "-b", "main")
    (repository / "s0").write_text("data\n")
    steps = [f"    - name: s{i + 1}\n      command: [cp, s{i}, s{i + 1}]\n      inputs: [s{i}]\n      outputs: [s{i + 1}]\n"
             for i in range(count)]
    (repository / "headgate.yaml").write_text(
        "apiVersion: headgate.dev/v1\nkind: Model\nmetadata: {name: chain}\nspec:\n  pipeline:\n    steps:\n"
        + "".join(steps) + f"  artifact: s{count}\n")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "Add the chain")
    controller = Controller(options.headgate, repository, folder)
    say(f"running {count} steps once")
    try:
        until(lambda: controller.get("models")[0].get("version"), 300, "the chain")
    finally:
        controller.stop()
    command = [options.headgate, "plan", str(repository), "--state", str(controller.state)]
    ours = timed(command, repository)
    venv = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "headgate" / (
        "venv-" + hashlib.sha256(f"{DVC}\n".encode()).hexdigest()[:16])
    if not (venv / "bin/dvc").exists():
        say("installing DVC")
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
        subprocess.run([str(venv / "bin/pip"), "install", "-q", DVC], check=True)
    rival = folder / "dvc"
    rival.mkdir()
    git(rival, "init", "-q", "-b", "main")
    dvc = str(venv / "bin/dvc")
    subprocess.run([dvc, "init", "-q"], cwd=rival, check=True)
    subprocess.run([dvc, "config", "core.analytics", "false"], cwd=rival, check=True)
    (rival / "s0").write_text("data\n")
    (rival / "dvc.yaml").write_text("stages:\n" + "".join(
        f"  s{i + 1}:\n    cmd: cp s{i} s{i + 1}\n    deps: [s{i}]\n    outs: [s{i + 1}]\n" for i in range(count)))
    say("running the same chain once in DVC")
    subprocess.run([dvc, "repro", "-q"], cwd=rival, check=True)
    theirs = timed([dvc, "status"], rival, runs=5)
    return [row("plan of 100 steps, nothing to do", ours, theirs, "s", theirs / ours, ">= 30 x faster",
                theirs / ours >= 30)]


def manifests(options, folder):
    count = 10_000
    repository = folder / "repository"
    repository.mkdir()
    git(repository, "init", "-q", "-b", "main")
    text = ("apiVersion: headgate.dev/v1\nkind: Model\nmetadata: {{name: m{0}, labels: {{tier: bench}}}}\nspec:\n"
            "  pipeline:\n    steps:\n    - name: train\n      command: [python3, train.py, --trees, $(params.trees)]\n"
            "      params: {{trees: {1}}}\n      inputs: [train.py]\n      outputs: [model/]\n  artifact: model/\n"
            "  serve:\n    command: [serve, $(model), $(port)]\n")
    for index in range(count):
        place = repository / f"group{index % 100}" / f"m{index}"
        place.mkdir(parents=True)
        (place / "headgate.yaml").write_text(text.format(index, 10))
        (place / "train.py").write_text(f"# {index}\n")
    # Nothing shall run here: the gate before training refuses everything.
    (repository / "policy.yaml").write_text(
        "apiVersion: headgate.dev/v1\nkind: Policy\nmetadata: {name: closed}\nspec:\n  at: [plan]\n"
        "  match: {labels: {tier: bench}}\n  rules:\n  - {name: closed, expression: 'false', message: closed}\n")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "Add 10,000 models")
    clone = folder / "clone.git"
    subprocess.run(["git", "clone", "-q", "--bare", str(repository), str(clone)], check=True)
    controller = Controller(options.headgate, repository, folder)
    try:
        started = time.monotonic()
        until(lambda: controller.get("status")["sources"][0].get("revision"), 300, "the first snapshot")
        say(f"cold start with {count} manifests: {time.monotonic() - started:.1f} s")
        until(lambda: any(e["event"]["reason"] == "RevisionObserved" for e in controller.get("events?limit=10000")), 120,
              "the first plan")
        ours, theirs = [], []
        for attempt in range(6):
            changed = repository / "group7" / "m7" / "headgate.yaml"
            changed.write_text(text.format(7, 20 + attempt))
            git(repository, "commit", "-qam", f"Change one {attempt}")
            head = git(repository, "rev-parse", "HEAD")
            last = max((e["id"] for e in controller.get("events?limit=1")), default=0)
            asked = time.time()
            controller.nudge()
            seen = until(lambda: next(
                (e["event"]["at"] for e in controller.get(f"events?after={last}&limit=10")
                 if e["event"]["reason"] == "RevisionObserved" and head in json.dumps(e["event"]["revision"])), None),
                60, "the plan")
            fetch = time.perf_counter()
            subprocess.run(["git", "fetch", "-q", str(repository), "+refs/heads/main:refs/heads/main"], cwd=clone, check=True)
            if attempt:
                theirs.append(time.perf_counter() - fetch)
                ours.append(seen / 1000 - asked)
        memory = controller.memory()
    finally:
        controller.stop()
    mine, other = statistics.median(ours), statistics.median(theirs)
    return [row("10,000 manifests, one changed: fetch to plan", mine, other, "s", mine / other, "<= 2 x git fetch",
                mine / other <= 2),
            row("10,000 manifests: resident memory", memory, 100, "MiB", memory / 100, "< 100 MiB", memory < 100)]


def revert(options, folder):
    repository = folder / "repository"
    repository.mkdir()
    git(repository, "init", "-q", "-b", "main")
    (repository / "serve.py").write_text(SERVER)
    (repository / "data").write_text("one")
    (repository / "headgate.yaml").write_text(
        "apiVersion: headgate.dev/v1\nkind: Model\nmetadata: {name: echo}\nspec:\n  pipeline:\n    steps:\n"
        "    - {name: train, command: [cp, data, model], inputs: [data], outputs: [model]}\n  artifact: model\n"
        "  serve:\n    inputs: [serve.py]\n    command: [python3, serve.py, --model, $(model), --port, $(port)]\n"
        "    ready: {path: /, within: 60s}\n---\n"
        "apiVersion: headgate.dev/v1\nkind: Deployment\nmetadata: {name: echo}\nspec:\n  model: echo\n  target: local\n"
        "  strategy: {rolling: {}}\n")

    def push(value):
        (repository / "data").write_text(value)
        git(repository, "add", "-A")
        git(repository, "commit", "-qm", f"Say {value}")

    push("one")
    controller = Controller(options.headgate, repository, folder)

    def answer():
        address = urllib.parse.urlsplit(controller.get("deployments")[0]["address"])
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=5)
        connection.request("GET", address.path + "/")
        return connection.getresponse().read().decode(), address

    try:
        until(lambda: answer()[0] == "one", 120, "the first version")
        address = answer()[1]

        def direct():
            connection = http.client.HTTPConnection(address.hostname, address.port, timeout=5)
            connection.request("GET", address.path + "/")
            return connection.getresponse().read().decode()

        times = []
        for attempt in range(5):
            push(f"two{attempt}")
            controller.nudge()
            until(lambda: direct() == f"two{attempt}", 60, "the second version")
            until(lambda: not controller.get("deployments")[0].get("rollout"), 60, "the rollout's end")
            until(lambda: len(controller.get("deployments")[0]["versions"]) == 1, 60, "the drain")
            git(repository, "revert", "--no-edit", "HEAD")
            started = time.perf_counter()
            controller.nudge()
            until(lambda: direct() == "one", 60, "the earlier version")
            times.append(time.perf_counter() - started)
            until(lambda: len(controller.get("deployments")[0]["versions"]) == 1, 60, "the drain")
    finally:
        controller.stop()
    starts = []
    for _ in range(5):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        started = time.perf_counter()
        server = subprocess.Popen([sys.executable, "serve.py", "--model", "data", "--port", str(port)], cwd=repository)

        def ready():
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/")
            return connection.getresponse().status == 200

        until(ready, 30, "the server")
        starts.append(time.perf_counter() - started)
        server.kill()
        server.wait()
    ours, own = statistics.median(times), statistics.median(starts)
    return [row("revert to serving", ours, own, "s", ours / own, "<= server's own start + 0.5 s", ours <= own + 0.5)]


def cel(options, folder):
    return expressions.cel(options, folder, row, say)


def main():
    known = {"plan": plan, "manifests": manifests, "revert": revert, "cel": cel}
    parser = argparse.ArgumentParser(prog="Benchmarks/run", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(known))
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--headgate", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--bench", required=True, help=argparse.SUPPRESS)
    options = parser.parse_args()
    for name in options.names:
        if name not in known:
            parser.error(f"there is no benchmark {name}: known are {', '.join(known)}")
    for name in options.names or known:
        folder = pathlib.Path(tempfile.mkdtemp(prefix=f"headgate-bench-{name}-"))
        try:
            for result in known[name](options, folder):
                if options.json:
                    print(json.dumps(result), flush=True)
                else:
                    print(f"{result['name']}: {result['ours']} {result['unit']} beside {result['rival']} "
                          f"{result['unit']}, ratio {result['ratio']}; goal {result['goal']}: "
                          f"{'met' if result['met'] else 'NOT met'}", flush=True)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
