"""Plays the story of a model on a running MLServer, and says whether each act truly happened."""
import argparse
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
BODY = json.dumps({"inputs": [{"name": "features", "datatype": "FP64", "shape": [1, 4], "data": [5.1, 3.5, 1.4, 0.2]}]})
TARGET = """\
apiVersion: headgate.dev/v1
kind: Target
metadata: {{name: servers}}
spec:
  openInference:
    endpoints: [{{url: "http://127.0.0.1:{port}"}}]
    repository: {folder}
    layout: mlserver
"""


class Failed(Exception):
    """An act that did not happen."""


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def infer(address):
    """One inference request; gives its status and the version that answered."""
    parts = urllib.parse.urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
    connection.request("POST", f"{parts.path}/v2/models/iris/infer", BODY, {"content-type": "application/json"})
    answer = connection.getresponse()
    document = json.loads(answer.read())
    connection.close()
    return answer.status, document.get("model_version")


class Load:
    """Requests from several threads, all the while; `lost` counts those without a complete answer."""

    def __init__(self, address):
        self.address, self.lost, self.answers, self.versions, self.reasons = address, 0, {}, {}, []
        self.stopping, self.lock = threading.Event(), threading.Lock()
        self.threads = [threading.Thread(target=self.run) for _ in range(3)]
        for thread in self.threads:
            thread.start()

    def run(self):
        while not self.stopping.is_set():
            try:
                status, version = infer(self.address)
                with self.lock:
                    self.answers[status] = self.answers.get(status, 0) + 1
                    self.versions[version] = self.versions.get(version, 0) + 1
            except (OSError, http.client.HTTPException, ValueError) as error:
                with self.lock:
                    self.lost += 1
                    self.reasons.append(repr(error))
            time.sleep(0.02)

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()


class Story:
    def __init__(self, options):
        self.options = options
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="headgate-open-inference-"))
        self.repository, self.state = self.folder / "repository", self.folder / "state"
        self.models = self.folder / "models"
        self.ports = [free_port() for _ in range(3)]
        self.server = self.controller = self.load = None
        self.acts = 0

    def git(self, *arguments):
        identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false"]
        return subprocess.run(
            ["git", *identity, *arguments], cwd=self.repository, check=True, capture_output=True, text=True).stdout.strip()

    def commit(self, message, **params):
        if params:
            text = (self.repository / "headgate.yaml").read_text()
            for name, value in params.items():
                text = re.sub(rf"(params: \{{.*{name}: )\w+", rf"\g<1>{value}", text)
            (self.repository / "headgate.yaml").write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        print(f"  $ git commit -m '{message}'", flush=True)

    def headgate(self, *arguments):
        command = [self.options.headgate, *arguments, "--state", str(self.state)]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout

    def deployment(self):
        try:
            found = json.loads(self.headgate("get", "deployments", "-o", "json"))
        except (subprocess.SubprocessError, ValueError):
            return None
        return found[0] if found else None

    def wait(self, what, condition, seconds=180):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = condition()
            if found:
                return found
            time.sleep(0.1)
        raise Failed(f"waited {seconds} s for {what}: {json.dumps(self.deployment())}")

    def settled(self, revision):
        def look():
            found = self.deployment()
            if not found or not (found.get("revision") or "").endswith(revision) or found.get("rollout"):
                return None
            ready = next((each for each in found["conditions"] if each["kind"] == "Ready"), None)
            serves = found.get("version") and found["version"] == found.get("desired")
            return found if serves and ready and ready["status"] == "True" else None
        return self.wait("the Deployment to serve " + revision[:7], look)

    def start_server(self):
        names = ("HTTP", "GRPC", "METRICS")
        variables = {f"MLSERVER_{name}_PORT": str(port) for name, port in zip(names, self.ports)}
        variables |= {"MLSERVER_HOST": "127.0.0.1", "MLSERVER_PARALLEL_WORKERS": "0"}
        with open(self.folder / "server.log", "a") as log:
            self.server = subprocess.Popen(
                [f"{self.options.mlserver}/bin/mlserver", "start", str(self.models)], stdout=log, stderr=log,
                cwd=self.folder, env=os.environ | variables, start_new_session=True)

        def live():
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.ports[0], timeout=5)
                connection.request("GET", "/v2/health/live")
                return connection.getresponse().status == 200
            except OSError:
                return False
        self.wait("MLServer", live)

    def start_controller(self):
        path = f"{self.options.mlserver}/bin:{os.environ['PATH']}"
        with open(self.folder / "controller.log", "a") as log:
            self.controller = subprocess.Popen(
                [self.options.headgate, "run", "--repo", str(self.repository), "--branch", "main", "--poll", "500ms",
                 "--state", str(self.state)], stdout=log, stderr=log, env=os.environ | {"PATH": path},
                start_new_session=True)

    def act(self, title):
        self.acts += 1
        print(f"\n{self.acts}. {title}", flush=True)

    def say(self, what, text):
        print(f"  {what:<9} {text}", flush=True)

    def loaded(self):
        return sorted(path.name for path in self.models.iterdir())

    def play(self):
        self.models.mkdir()
        shutil.copytree(HERE / "repo", self.repository)
        (self.repository / "targets.yaml").write_text(TARGET.format(port=self.ports[0], folder=self.models))
        self.git("init", "-q", "-b", "main")

        self.act("Commit a model")
        self.start_server()
        self.commit("Add the iris model")
        self.start_controller()
        first = self.settled(self.git("rev-parse", "HEAD"))
        self.say("loaded", ", ".join(self.loaded()))
        status, version = infer(first["address"])
        if status != 200 or version != first["version"].split(":")[-1][:12]:
            raise Failed(f"answered {status} by {version}, not by {first['version']}")
        self.say("answers", f"{version}, from {first['address']}/v2/models/iris/infer")
        self.load = Load(first["address"])

        self.act("Make it better: a tenth of the requests first")
        self.commit("Ask five neighbours", neighbours=5)
        second = self.settled(self.git("rev-parse", "HEAD"))
        if second["version"] == first["version"]:
            raise Failed("nothing changed")
        self.wait("the first to be unloaded", lambda: len(self.loaded()) == 1)
        self.say("loaded", ", ".join(self.loaded()))

        self.act("Make one that the server cannot load")
        self.commit("Save it wrongly", fault="corrupt")
        head = self.git("rev-parse", "HEAD")
        refusal = "the candidate failed: http://"

        def told():
            return next((line for line in self.headgate("events").splitlines() if refusal in line), None)
        reason = self.wait("the failure", told)
        found = self.deployment()
        if found["version"] != second["version"] or not found["revision"].endswith(head):
            raise Failed(f"a corrupt version serves: {found}")
        self.wait("it to be gone", lambda: len(self.loaded()) == 1)
        self.say("refused", reason[reason.index(refusal):][:120])
        self.git("revert", "--no-edit", "HEAD")
        print("  $ git revert HEAD")
        if self.settled(self.git("rev-parse", "HEAD"))["version"] != second["version"]:
            raise Failed("the revert brought another version")

        self.act("Go back to the first")
        self.git("revert", "--no-edit", "HEAD~2")
        print("  $ git revert HEAD~2")
        began = time.monotonic()
        last = self.settled(self.git("rev-parse", "HEAD"))
        if last["version"] != first["version"]:
            raise Failed("the first version does not serve")
        self.say("restored", f"{time.monotonic() - began:.1f} s after the commit; no step ran")

        self.load.stop()
        total = sum(self.load.answers.values())
        print(f"\n{total} requests were answered meanwhile, {self.load.answers}; {self.load.lost} were lost.")
        if self.load.lost or set(self.load.answers) != {200} or total == 0:
            raise Failed(f"not every request was answered: {self.load.answers}, {self.load.reasons[:3]}")

        self.act("Kill the server")
        self.server.kill()
        self.server.wait()
        self.start_server()
        self.wait("the model to be back", lambda: infer(last["address"])[0] == 200)
        self.say("answers", infer(last["address"])[1])
        print("\nEvery act happened.")

    def close(self):
        if self.load:
            self.load.stop()
        if self.options.keep:
            print(f"Left running: {self.folder}")
            return
        for process in (self.controller, self.server):
            if process and process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(30)
                except subprocess.TimeoutExpired:
                    process.kill()
        for router in self.state.glob("servers/*/router-process/started.json"):
            shim = json.loads(router.read_text())["shim"]["pid"]
            os.kill(shim, signal.SIGTERM)
        time.sleep(0.5)
        shutil.rmtree(self.folder, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--headgate", required=True)
    parser.add_argument("--mlserver", required=True)
    parser.add_argument("--keep", action="store_true")
    story = Story(parser.parse_args())
    try:
        story.play()
    except Failed as failure:
        print(f"\nDID NOT HAPPEN: {failure}", file=sys.stderr)
        print((story.folder / "controller.log").read_text()[-3000:], file=sys.stderr)
        return 1
    finally:
        story.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
