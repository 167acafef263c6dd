"""Plays the quickstart's story against a real controller, and says whether each act truly happened."""
import argparse
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

SAMPLE = [13.2, 1.78, 2.14, 11.2, 100.0, 2.65, 2.76, 0.26, 1.28, 4.38, 1.05, 3.4, 1050.0]


class Failed(Exception):
    """An act that did not happen."""


def infer(address, connection=None):
    """One inference request; gives (status, answer, version)."""
    parts = urllib.parse.urlsplit(address)
    own = connection or http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
    body = json.dumps({"inputs": [{"name": "features", "datatype": "FP64", "shape": [1, 13], "data": SAMPLE}]})
    own.request("POST", f"{parts.path}/v2/models/wine/infer", body, {"content-type": "application/json"})
    response = own.getresponse()
    answer = response.read()
    if connection is None:
        own.close()
    return response.status, answer, response.getheader("x-headgate-version")


class Load:
    """Inference requests from several threads, all the while; counts those without a complete answer."""

    def __init__(self, address):
        self.address, self.sent, self.lost, self.reasons = address, 0, 0, []
        self.stopping, self.lock = threading.Event(), threading.Lock()
        self.threads = [threading.Thread(target=self.run, args=(index % 2 == 0,)) for index in range(4)]
        for thread in self.threads:
            thread.start()

    def run(self, keep_alive):
        parts = urllib.parse.urlsplit(self.address)
        connection = None
        while not self.stopping.is_set():
            if keep_alive and connection is None:
                connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
            problem = None
            try:
                status, _, _ = infer(self.address, connection)
                if status >= 500:
                    problem = f"answered {status}"
            except (OSError, http.client.HTTPException) as error:
                problem = repr(error)
                connection = None
            with self.lock:
                self.sent += 1
                if problem:
                    self.lost += 1
                    self.reasons.append(problem)
            time.sleep(0.01)

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()


class Story:
    def __init__(self, options):
        self.options = options
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="headgate-quickstart-"))
        self.repository = self.folder / "repository"
        self.state = self.folder / "state"
        self.log = self.folder / "controller.log"
        self.controller = None
        self.load = None
        self.acts = 0

    # MARK: Tools

    def git(self, *arguments):
        identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false"]
        return subprocess.run(
            ["git", *identity, *arguments], cwd=self.repository, check=True, capture_output=True, text=True).stdout.strip()

    def commit(self, message):
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        print(f"  $ git commit -m '{message}'   ({self.git('rev-parse', '--short', 'HEAD')})")

    def undo(self, why):
        self.git("revert", "--no-edit", "HEAD")
        print(f"  $ git revert HEAD   ({self.git('rev-parse', '--short', 'HEAD')}: {why})", flush=True)

    def headgate(self, *arguments):
        command = [self.options.headgate, *arguments, "--state", str(self.state)]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout

    def get(self, kind):
        return json.loads(self.headgate("get", kind, "-o", "json"))

    def deployment(self):
        return next((found for found in self.get("deployments") if found["name"] == "wine"), None)

    def start(self):
        with open(self.log, "a") as log:
            command = [
                self.options.headgate, "run", "--repo", str(self.repository), "--branch", "main", "--poll", "500ms",
                "--state", str(self.state), "--router-port", str(self.options.port)]
            self.controller = subprocess.Popen(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
        self.wait("the controller to answer", lambda: (self.state / "api.sock").exists() and self.answers(), 30)

    def answers(self):
        try:
            self.headgate("get", "sources", "-o", "json")
            return True
        except subprocess.SubprocessError:
            return False

    def wait(self, what, condition, seconds):
        """Asks until the condition holds; shows what happens meanwhile."""
        end = time.monotonic() + seconds
        while True:
            found = condition()
            if found:
                return found
            if self.controller.poll() is not None:
                raise Failed(f"the controller ended with {self.controller.returncode} while waiting for {what}")
            if time.monotonic() > end:
                raise Failed(f"waited {seconds} s for {what}")
            time.sleep(0.05)

    def condition(self, found, kind):
        return next((each for each in found["conditions"] if each["kind"] == kind), None)

    def settled(self, revision, seconds=600):
        """Waits until the Deployment has an answer for a commit: it serves it, or says why not."""

        def look():
            found = self.deployment()
            if not found or not (found.get("revision") or "").endswith(revision) or not found.get("desired"):
                return None
            ready = self.condition(found, "Ready")
            return found if ready and ready["status"] in ("True", "False") else None

        return self.wait(f"an answer to {revision[:7]}", look, seconds)

    def runs(self):
        return self.get("runs")

    def params(self, **values):
        path = self.repository / "headgate.yaml"
        text = path.read_text()
        for name, value in values.items():
            text = re.sub(rf"\b{name}: [0-9.]+(?=[,}}])", f"{name}: {value}", text)
        path.write_text(text)

    def act(self, title):
        self.acts += 1
        print(f"\n{self.acts}. {title}", flush=True)

    def metrics(self, version):
        return next(found["metrics"] for found in self.get("versions") if found["version"] == version)

    def show(self, found):
        status, answer, version = infer(found["address"])
        if status != 200:
            raise Failed(f"an inference request was answered {status}: {answer!r}")
        if version != found["version"].split(":")[1][:12]:
            raise Failed(f"version {version} answered, not {found['version']}")
        label = json.loads(answer)["outputs"][0]["data"][0]
        print(f"  serves    {found['version'][:19]}  {json.dumps(self.metrics(found['version']))}")
        print(f"  answers   class {label} for a wine, from {found['address']}/v2/models/wine/infer", flush=True)

    def check(self, truth, what):
        if not truth:
            raise Failed(what)

    # MARK: Acts

    def play(self):
        shutil.copytree(self.options.example, self.repository)
        self.git("init", "-q", "-b", "main")
        self.act("Commit a model")
        self.commit("Add the wine model")
        self.start()
        print("  trained on this machine; the first time its Python packages are installed", flush=True)
        first = self.settled(self.git("rev-parse", "HEAD"), 900)
        self.check(first["version"] == first["desired"], f"nothing serves: {first['conditions']}")
        for run in reversed(self.runs()):
            print(f"  step      {run['step']}: {run['state']} in {(run['ended'] - run['started']) / 1000:.1f} s")
        self.show(first)
        self.load = Load(first["address"])
        self.worse(first)
        better = self.better(first)
        self.revert(first, better)
        self.kill(first)
        self.load.stop()
        print(f"\n{self.load.sent} inference requests were answered all the while; {self.load.lost} were lost.")
        self.check(self.load.sent > 100, "the load was too small to mean anything")
        self.check(self.load.lost == 0, f"requests were lost: {self.load.reasons[:5]}")

    def worse(self, first):
        self.act("Make it worse")
        self.params(trees=1, depth=1)
        self.commit("Train one tiny tree")
        found = self.settled(self.git("rev-parse", "HEAD"))
        ready = self.condition(found, "Ready")
        self.check(found["desired"] != first["version"], "no new version was made")
        self.check(ready["reason"] == "GateDenied", f"the gate did not say no: {ready}")
        self.check(found["version"] == first["version"], "the champion was replaced")
        for recorded in found["verdicts"]:
            if recorded["version"] == found["desired"]:
                verdict = recorded["verdict"]
                print(f"  gate      {verdict['policy']}: {verdict['outcome']}  {verdict.get('message') or ''}")
        old, new = self.metrics(first["version"])["accuracy"], self.metrics(found["desired"])["accuracy"]
        message = ready["message"] + "".join(each["verdict"].get("message") or "" for each in found["verdicts"])
        self.check(str(old) in message and str(new) in message, f"the policies do not name both numbers: {message}")
        self.show(found)
        self.undo("take the bad idea back; nothing moves")
        found = self.settled(self.git("rev-parse", "HEAD"))
        self.check(found["version"] == found["desired"] == first["version"], f"something moved: {found['conditions']}")

    def better(self, first):
        self.act("Make it better")
        self.params(trees=20, depth=2)
        self.commit("Train twenty trees")
        found = self.settled(self.git("rev-parse", "HEAD"))
        self.check(found["version"] == found["desired"] != first["version"], f"it was not replaced: {found['conditions']}")
        for recorded in found["verdicts"]:
            if recorded["version"] == found["desired"]:
                print(f"  gate      {recorded['verdict']['policy']}: {recorded['verdict']['outcome']}")
        self.show(found)
        return found

    def revert(self, first, better):
        self.act("Revert it")
        before = self.runs()
        digest = first["version"].split(":")[1][:12]
        self.undo("back to the first model")
        started = time.monotonic()
        end = started + 120
        while infer(first["address"])[2] != digest:
            self.check(time.monotonic() < end, "the earlier version does not serve again")
            time.sleep(0.02)
        took = time.monotonic() - started
        found = self.settled(self.git("rev-parse", "HEAD"))
        self.check(found["version"] == first["version"], f"another version serves: {found['conditions']}")
        self.check(self.runs() == before, "a step ran again")
        history = json.loads(self.headgate("history", "wine", "-o", "json"))
        self.check(history[0]["restored"] is True, "it is not recorded as a restoration")
        print(f"  restored  {took:.2f} s after the commit; no step ran")
        self.show(found)

    def kill(self, first):
        self.act("Kill the controller in the middle of a training")
        self.params(trees=20, depth=3, pause=8)
        self.commit("Train deeper, and slowly")

        def training():
            return next((run for run in self.runs() if run["step"] == "train" and run["state"] == "running"), None)

        run = self.wait("the training to start", training, 120)
        self.wait("the training to say so", lambda: "waited" in self.headgate("logs", run["run"]), 60)
        os.kill(self.controller.pid, signal.SIGKILL)
        self.controller.wait()
        print(f"  killed    the controller, while {run['run']} was training")
        for _ in range(20):
            status, _, _ = infer(first["address"])
            self.check(status == 200, f"inference answered {status} while the controller was gone")
        print("  answers   go on without it")
        self.start()
        found = self.settled(self.git("rev-parse", "HEAD"))
        self.check(found["version"] == found["desired"] != first["version"], f"it was not rolled out: {found['conditions']}")
        attempts = [each for each in self.runs() if each["key"] == run["key"]]
        self.check(len(attempts) == 1 and attempts[0]["run"] == run["run"], f"the step ran beside itself: {attempts}")
        self.check(attempts[0]["state"] == "succeeded", f"the step was not adopted: {attempts}")
        took = (attempts[0]["ended"] - attempts[0]["started"]) / 1000
        print(f"  adopted   {run['run']}: one attempt, {took:.1f} s from start to end")
        self.show(found)

    def finish(self):
        if self.load:
            self.load.stopping.set()
        if self.options.keep and self.controller and self.controller.poll() is None:
            print(f"\nStill running. Try:\n  {self.options.headgate} get deployment wine --state {self.state}")
            print(f"  {self.options.headgate} trace wine --state {self.state}")
            print(f"The repository is {self.repository}. Stop everything with:\n  pkill -f {self.state}")
            return
        if self.controller and self.controller.poll() is None:
            self.controller.terminate()
            try:
                self.controller.wait(30)
            except subprocess.TimeoutExpired:
                self.controller.kill()
        self.sweep()
        shutil.rmtree(self.folder, ignore_errors=True)

    def sweep(self):
        """Ends what outlives a controller by design: the router and the model servers of this state folder."""
        for wanted in (signal.SIGTERM, signal.SIGKILL):
            found = [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if self.belongs(pid)]
            for pid in found:
                try:
                    os.kill(pid, wanted)
                except ProcessLookupError:
                    pass
            end = time.monotonic() + 15
            while any(map(self.belongs, found)) and time.monotonic() < end:
                time.sleep(0.05)

    def belongs(self, pid):
        try:
            command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        return pid != os.getpid() and any(str(self.state).encode() in part for part in command)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--headgate", required=True)
    parser.add_argument("--example", required=True)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--port", type=int, default=0)
    story = Story(parser.parse_args())
    try:
        story.play()
        print("\nEvery act happened.")
        return 0
    except (Failed, subprocess.SubprocessError, OSError, http.client.HTTPException) as error:
        print(f"\nFAILED in act {story.acts}: {error}", file=sys.stderr)
        if isinstance(error, subprocess.CalledProcessError):
            print(error.stderr, file=sys.stderr)
        if story.log.exists():
            print("the controller's log ends with:", file=sys.stderr)
            print("\n".join(story.log.read_text().splitlines()[-60:]), file=sys.stderr)
        return 1
    finally:
        story.finish()


if __name__ == "__main__":
    sys.exit(main())
