"""A controller under measurement."""
import contextlib
import http.client
import json
import os
import pathlib
import signal
import socket
import sqlite3
import subprocess
import time

from harness.bench import until


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=120)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(self.path)


def memory(pid):
    """Resident memory now and at its highest, in MiB."""
    found = {}
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name in ("VmRSS", "VmHWM"):
            found[name] = int(value.split()[0]) / 1024
    return found["VmRSS"], found["VmHWM"]


def processor_time(pid):
    """User and system seconds of a process and of those of its children that have ended."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


class Controller:
    """`headgate run` on a repository, for as long as a `with` statement."""

    def __init__(self, bench, repository, poll="1h", steps=2, name="state", configuration=None):
        self.state = bench.folder / name
        self.log = open(bench.folder / f"{name}.log", "a")
        command = [bench.headgate, "run", "--state", str(self.state), "--concurrent-steps", str(steps)]
        if configuration:
            command += ["--config", str(configuration)]
        else:
            command += ["--repo", str(repository), "--branch", "main", "--poll", poll]
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log, start_new_session=True)
        self.pid = self.process.pid
        self.source = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def text(self, path, body=None):
        connection = UnixConnection(str(self.state / "api.sock"))
        connection.request("POST" if body is not None else "GET", path, body)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        if answer.status >= 300:
            raise ValueError(f"{path}: {answer.status} {text[:200]}")
        return text

    def get(self, path):
        return json.loads(self.text(f"/api/v1/{path}"))

    def nudge(self):
        """Asks for a look at the one source."""
        if not self.source:
            self.source = self.get("status")["sources"][0]["name"]
        self.text(f"/api/v1/sources/{self.source}/reconcile", "[]")

    def metric(self, name):
        """The sum of a metric's samples."""
        return sum(float(line.rpartition(" ")[2]) for line in self.text("/metrics").splitlines()
                   if line.partition(" ")[0].partition("{")[0] == name)

    def looks(self):
        """How many looks at remotes ended, and the seconds that they took together."""
        return int(self.metric("headgate_source_look_seconds_count")), self.metric("headgate_source_look_seconds_sum")

    def looks_ended(self, count):
        until(lambda: self.looks()[0] >= count, 300, "the first look", interval=0.01)

    def decoded(self):
        """How many manifests were decoded so far."""
        return self.metric("headgate_manifests_decoded_total")

    def ledger_rows(self):
        """How many rows the ledger's tables hold."""
        with contextlib.closing(sqlite3.connect(f"file:{self.state}/ledger.sqlite?mode=ro", uri=True)) as ledger:
            tables = ledger.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            return sum(ledger.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table, in tables)

    def look(self):
        """Asks for one look, and gives the seconds that it took."""
        count, total = self.looks()
        self.nudge()
        # Polled rarely: the answer takes the processor from what is measured.
        after, end = until(lambda: (found := self.looks())[0] > count and found, 120, "a look's end", interval=0.1)
        return (end - total) / (after - count)

    def observed(self, commit, seconds=300):
        """Waits until a commit's plan is in force; gives when, in seconds since 1970."""
        def seen():
            # Not its event: thousands of refusals come after it, and the ledger keeps so many.
            revisions = [str(source.get("revision")) for source in self.get("status")["sources"]]
            return time.time() if any(commit[:12] in text for text in revisions) else None

        return until(seen, seconds, f"the plan of {commit[:8]}", interval=0.02)

    def helper(self):
        """The process that speaks to remotes; nil when there is none."""
        for pid in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                place = pathlib.Path(f"/proc/{pid}")
                parent = place.joinpath("stat").read_text().rpartition(")")[2].split()[1]
                if int(parent) == self.pid and b"git-remote" in place.joinpath("cmdline").read_bytes():
                    return int(pid)
        return None

    def stop(self):
        """Ends the controller, and what it leaves running by design."""
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for pid in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                if str(self.state).encode() in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes():
                    os.kill(int(pid), signal.SIGKILL)
        self.log.close()
