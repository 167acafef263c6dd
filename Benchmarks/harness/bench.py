"""What every benchmark is given, and what it gives back."""
import contextlib
import dataclasses
import hashlib
import http.client
import os
import pathlib
import statistics
import subprocess
import sys
import time


@dataclasses.dataclass
class Row:
    """One figure, beside its rival's where it has one, and whether it reaches its goal."""
    name: str
    ours: float
    unit: str
    rival: float | None = None
    beside: str = ""
    goal: str = ""
    met: bool | None = None
    # Ours over the rival's where nothing else is given.
    given_ratio: float | None = None

    @property
    def ratio(self):
        if self.given_ratio is not None:
            return self.given_ratio
        return self.ours / self.rival if self.rival else None

    @property
    def members(self):
        round_to = lambda value: None if value is None else float(f"{value:.4g}")
        return {"name": self.name, "ours": round_to(self.ours), "unit": self.unit, "rival": round_to(self.rival),
                "beside": self.beside or None, "ratio": round_to(self.ratio), "goal": self.goal or None,
                "met": self.met}

    @property
    def text(self):
        facts = self.members
        text = f"{self.name}: {facts['ours']:g} {self.unit}"
        if self.rival is not None:
            text += f", {self.beside} {facts['rival']:g} {self.unit}"
        if facts["ratio"] is not None:
            text += f", ratio {facts['ratio']:g}"
        if self.goal:
            text += f"; goal {self.goal}: {'met' if self.met else 'NOT met'}"
        return text


@dataclasses.dataclass
class Bench:
    """The program that is measured and a folder that goes when the benchmark ends."""
    headgate: str
    folder: pathlib.Path

    @property
    def tool(self):
        """The program that measures parts of Headgate from within."""
        return str(pathlib.Path(self.headgate).with_name("headgate-bench"))

    def environment(self, *requirements):
        """The programs of a Python environment with pinned packages, kept from run to run outside the repository."""
        cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
        digest = hashlib.sha256("\n".join([*requirements, sys.version]).encode()).hexdigest()
        folder = cache / "headgate" / f"bench-{digest[:16]}"
        ready = folder / "ready"
        if not ready.exists():
            say(f"installing {', '.join(requirements)}")
            subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
            subprocess.run([str(folder / "bin/pip"), "install", "-q", "--disable-pip-version-check", *requirements],
                           check=True, stdout=sys.stderr)
            ready.touch()
        return folder / "bin"


def say(text):
    print(text, file=sys.stderr, flush=True)


def median_time(command, cwd, runs=7, **arguments):
    """The median seconds of a command after one warm-up; it must end with 0."""
    times = []
    for index in range(runs + 1):
        started = time.perf_counter()
        done = subprocess.run(command, cwd=cwd, capture_output=True, **arguments)
        took = time.perf_counter() - started
        if done.returncode != 0:
            raise RuntimeError(f"{command} ended with {done.returncode}: {done.stderr.decode()[-500:]}")
        if index:
            times.append(took)
    return statistics.median(times)


def until(condition, seconds, what, interval=0.005):
    """Waits until a condition gives something, and gives that."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError, http.client.HTTPException, subprocess.SubprocessError, LookupError,
                                 ValueError):
            found = condition()
            if found:
                return found
        time.sleep(interval)
    raise RuntimeError(f"waited {seconds} s for {what}")
