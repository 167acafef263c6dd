"""What the examples share: a repository, a controller on it, a load, and words for what happens."""
import argparse
import http.client
import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

SUPPORT = pathlib.Path(__file__).resolve().parent
WINE = [13.2, 1.78, 2.14, 11.2, 100.0, 2.65, 2.76, 0.26, 1.28, 4.38, 1.05, 3.4, 1050.0]


# Whoever started this may hold signals back, and every process from here on would inherit that.
signal.pthread_sigmask(signal.SIG_SETMASK, [])


class Failed(Exception):
    """Something that was promised did not happen."""


def short(version):
    return version.split(":")[-1][:12] if version else "-"


def exchange(address, headers=None, **fields):
    """One inference request; gives (status, answer, the version that answered)."""
    parts = urllib.parse.urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
    body = json.dumps({"inputs": [{"name": "features", "datatype": "FP64", "shape": [1, 13], "data": WINE}], **fields})
    connection.request("POST", f"{parts.path}/v2/models/wine/infer", body, headers or {})
    response = connection.getresponse()
    answer = response.read()
    connection.close()
    return response.status, answer, response.getheader("x-headgate-version")


def infer(address, headers=None, **fields):
    """One inference request; gives (status, the version that answered)."""
    status, _, version = exchange(address, headers, **fields)
    return status, version


class Load:
    """The load generator beside this file, as a process; `now` is what it counted last."""

    def __init__(self, address, **options):
        command = [sys.executable, str(SUPPORT / "load.py"), address]
        for name, value in options.items():
            for each in value if isinstance(value, list) else [value]:
                command += [f"--{name}", str(each)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
        self.now = {"sent": 0, "lost": 0, "wrong": 0, "answers": {}, "reasons": []}
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.now = json.loads(line)

    def stop(self):
        """Ends it when its requests under way are answered, and gives its counts."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.finish()

    def finish(self):
        if self.process.wait(120) != 0:
            raise Failed(f"the load generator ended with {self.process.returncode}")
        self.reader.join()
        return self.now

    def count(self, version=None, status=None):
        """Answers so far, of one version or all, of one status or all."""
        return sum(
            count for answered, statuses in self.now["answers"].items() for code, count in statuses.items()
            if (version is None or answered == short(version)) and (status is None or code == str(status)))

    def errors(self):
        return sum(c for codes in self.now["answers"].values() for code, c in codes.items() if code >= "500")


class Stage:
    """One example as it is played."""

    def __init__(self, name, headgate, keep=False, port=0, poll="500ms", quiet=False):
        self.name, self.headgate_path, self.keep, self.port, self.poll = name, headgate, keep, port, poll
        self.quiet = quiet
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"headgate-{name}-"))
        self.repository = self.folder / "repository"
        self.state = self.folder / "state"
        self.log = self.folder / "controller.log"
        self.controller = None
        self.loads = []
        self.watches = []
        self.acts = 0
        self.seen = {}

    # MARK: Words

    def say(self, title, text):
        if not self.quiet:
            print(f"  {title:<10}{text}", flush=True)

    def act(self, title):
        self.acts += 1
        print(f"\n{self.acts}. {title}", flush=True)

    def check(self, truth, what):
        if not truth:
            raise Failed(what)

    # MARK: The repository

    def make(self, deployment):
        """A repository of the wine model and one Deployment."""
        shutil.copytree(SUPPORT / "wine", self.repository)
        shutil.copytree(SUPPORT.parent / "quickstart" / "repo" / "data", self.repository / "data")
        shutil.copy(deployment, self.repository / "deployment.yaml")
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments):
        identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false"]
        command = ["git", *identity, *arguments]
        return subprocess.run(command, cwd=self.repository, check=True, capture_output=True, text=True).stdout.strip()

    def commit(self, message):
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        self.say("$", f"git commit -m '{message}'")
        return self.git("rev-parse", "HEAD")

    def revert(self):
        self.git("revert", "--no-edit", "HEAD")
        self.say("$", "git revert HEAD")
        return self.git("rev-parse", "HEAD")

    def params(self, file="model.yaml", **values):
        path = self.repository / file
        text = path.read_text()
        for name, value in values.items():
            text = re.sub(rf"\b{name}: [0-9a-z.]+(?=[,}}])", f"{name}: {value}", text)
        path.write_text(text)

    def write(self, name, text):
        (self.repository / name).write_text(text)

    # MARK: The controller

    def start(self):
        with open(self.log, "a") as log:
            command = [
                self.headgate_path, "run", "--repo", str(self.repository), "--branch", "main", "--poll", self.poll,
                "--state", str(self.state), "--router-port", str(self.port)]
            self.controller = subprocess.Popen(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
        self.wait("the controller to answer", self.answers, 60)

    def kill(self):
        """Ends the controller at once; what serves goes on."""
        self.controller.kill()
        self.controller.wait()

    def answers(self):
        try:
            return self.get("sources") is not None
        except (OSError, http.client.HTTPException, Failed):
            return False

    def headgate(self, *arguments):
        command = [self.headgate_path, *arguments, "--state", str(self.state)]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout

    def ask(self, *arguments):
        """A command as a person gives it."""
        self.say("$", f"headgate {' '.join(arguments)}")
        return self.headgate(*arguments)

    def get(self, kind):
        """What the controller says; for sources its status. Asked directly, since it is asked often."""
        connection = UnixConnection(str(self.state / "api.sock"))
        connection.request("GET", "/api/v1/" + ("status" if kind == "sources" else kind))
        response = connection.getresponse()
        body = response.read()
        connection.close()
        self.check(response.status == 200, f"the controller answered {response.status}: {body[:200]!r}")
        return json.loads(body)

    def deployment(self):
        found = next((each for each in self.get("deployments") if each["name"] == "wine"), None)
        if found:
            self.narrate(found)
        return found

    def events(self, name="wine"):
        """What happened to a Deployment, oldest first."""
        return [each["event"] for each in self.get(f"events?limit=500&object=Deployment/{name}")]

    def why_back(self, version, name="wine"):
        """Why a version was sent back; events are recorded a moment after the state has changed."""
        def recorded():
            return next((each["message"] for each in self.events(name)
                         if each["reason"] in ("RolledBack", "RolloutFailed")
                         and each["message"].startswith(f"version {short(version)}: ")), None)

        return self.wait(f"the reason why {short(version)} was sent back", recorded)

    def wait(self, what, condition, seconds=60):
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

    def wait_for(self, what, condition, seconds=60):
        """Waits for something of the Deployment, and tells what happens meanwhile."""
        def look():
            found = self.deployment()
            return found if found and condition(found) else None

        return self.wait(what, look, seconds)

    def settled(self, revision, seconds=120):
        """Waits until a commit serves, or something says why not."""
        def done(found):
            ready = next((each for each in found["conditions"] if each["kind"] == "Ready"), None)
            at = (found.get("revision") or "").endswith(revision)
            return at and found.get("desired") and not found.get("rollout") and ready and ready["status"] != "Unknown"

        return self.wait_for(f"an answer to {revision[:7]}", done, seconds)

    def stage(self, name, phase="waiting", seconds=60):
        """Waits until the rollout is in a stage, by the beginning of its name."""
        def there(found):
            rollout = found.get("rollout")
            return rollout and rollout["stages"][rollout["step"]].startswith(name) and rollout["phase"] == phase

        return self.wait_for(f"stage {name} ({phase})", there, seconds)

    # MARK: Telling

    def narrate(self, found):
        """A line for each stage, each answer of a check that is new, and the end of a rollout."""
        rollout = found.get("rollout")
        if rollout:
            stage = rollout["stages"][rollout["step"]]
            moving = rollout["phase"] in ("admitting", "settling")
            if self.new("stage", (rollout["candidate"], rollout["step"], bool(rollout.get("back")), stage)):
                parts = []
                for served in sorted(found["versions"], key=lambda each: each["role"]):
                    if served["role"] in ("champion", "candidate") and not moving:
                        parts.append(f"{served['role']} {short(served['version'])} {served['weight']}%")
                back = "back: " if rollout.get("back") else ""
                self.say("rollout", f"{back + stage:<14} {'   '.join(reversed(parts))}".rstrip())
            for check in rollout["checks"]:
                answer = check.get("answer")
                if answer and self.new(check["name"], (rollout["candidate"], rollout["step"], answer["outcome"])):
                    self.say("check", f"{check['name']}: {answer['outcome']}  {answer['reason']}")
            self.seen["back"] = rollout.get("back")
        elif self.new("stage", None):
            back = self.seen.pop("back", None)
            if back:
                self.say("back", back)

    def new(self, what, value):
        if self.seen.get(what) == value:
            return False
        self.seen[what] = value
        return True

    def serves(self, found, version=None):
        """Says what serves, having asked it."""
        status, answered = infer(found["address"])
        self.check(status == 200, f"an inference request was answered {status}")
        self.check(answered == short(found["version"]), f"{answered} answered, not {short(found['version'])}")
        if version:
            self.check(found["version"] == version, f"{found['version']} serves, not {version}")
        metrics = next(each["metrics"] for each in self.get("versions") if each["version"] == found["version"])
        self.say("serves", f"{answered}  accuracy {metrics['accuracy']}")

    # MARK: Watching

    def watch(self, terminal=False):
        """The live view as a process, piped or on a terminal of its own; gives what it has drawn when it is called."""
        command = [self.headgate_path, "get", "deployment", "wine", "--watch", "--state", str(self.state)]
        output = tempfile.NamedTemporaryFile()
        if terminal:
            command = ["script", "-qfec", f"stty cols 110 rows 40; exec {shlex.join(command)}", "/dev/null"]
        environment = {**os.environ, "TERM": "xterm-256color"}
        # Whoever runs the story may want no colour; the terminal of its own is looked at with colours.
        environment.pop("NO_COLOR", None)
        process = subprocess.Popen(
            command, stdout=output, stdin=subprocess.DEVNULL, env=environment, start_new_session=True)
        self.watches.append(process)

        def drawn():
            # A descriptor of its own: the process writes at the place of the one that it shares.
            with open(output.name, "rb") as reader:
                return reader.read().decode(errors="replace")

        return drawn

    # MARK: The load

    def load(self, address, **options):
        load = Load(address, **options)
        self.loads.append(load)
        return load

    def share(self, address, count=200):
        """Sends so many requests while nothing else does, and gives how many each version answered."""
        load = self.load(address, rate=0, connections=4, count=count)
        load.finish()
        self.check(load.now["lost"] == 0, f"requests were lost: {load.now['reasons']}")
        return {version: sum(statuses.values()) for version, statuses in load.now["answers"].items()}

    def end_load(self, load, downtime=False):
        """Ends the load, and holds that nothing was lost."""
        counts = load.stop()
        errors = load.errors()
        print(f"\n{counts['sent']} inference requests were sent all the while; {counts['lost']} were lost"
              + (f", {errors} were answered 5xx." if errors else "."))
        self.check(counts["sent"] > 100, "the load was too small to mean anything")
        self.check(counts["lost"] == 0, f"requests were lost: {counts['reasons']}")
        self.check(counts["wrong"] == 0, f"{counts['wrong']} answers belonged to other requests")
        return errors

    # MARK: The end

    def close(self):
        for watch in self.watches:
            os.killpg(watch.pid, signal.SIGKILL)
            watch.wait()
        for load in self.loads:
            if load.process.poll() is None:
                load.process.kill()
                load.process.wait()
        if self.keep and self.controller and self.controller.poll() is None:
            print(f"\nStill running. Try:\n  {self.headgate_path} get deployment wine --watch --state {self.state}")
            print(f"The repository is {self.repository}. Stop everything with:\n  pkill -f {self.state}")
            return
        if self.controller and self.controller.poll() is None:
            self.controller.terminate()
            try:
                self.controller.wait(30)
            except subprocess.TimeoutExpired:
                self.controller.kill()
                self.controller.wait()
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

    def lines_of_the_log(self, count=40):
        return "\n".join(self.log.read_text().splitlines()[-count:]) if self.log.exists() else ""


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=30)
        self.unix_path = path

    def connect(self):
        import socket
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.unix_path)


def main(name, story):
    """Plays a story; ends with 0 only if everything in it happened."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--headgate", required=True, help="the program")
    parser.add_argument("--keep", action="store_true", help="leave everything running at the end")
    parser.add_argument("--port", type=int, default=0, help="the router's port, by default any that is free")
    options = parser.parse_args()
    stage = Stage(name, options.headgate, options.keep, options.port)
    try:
        story(stage)
        print("\nEvery act happened.")
        return 0
    except (Failed, subprocess.SubprocessError, OSError, http.client.HTTPException) as error:
        print(f"\nFAILED in act {stage.acts}: {error}", file=sys.stderr)
        if isinstance(error, subprocess.CalledProcessError):
            print(error.stderr, file=sys.stderr)
        print(f"the controller's log ends with:\n{stage.lines_of_the_log()}", file=sys.stderr)
        return 1
    finally:
        stage.close()
