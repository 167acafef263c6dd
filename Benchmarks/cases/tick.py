"""10,000 manifests, nothing changed: one tick over loopback http, beside `git ls-remote` alone; memory over 10,000 ticks"""
import statistics
import subprocess
import time

from harness.bench import Row, say
from harness.controller import Controller, memory
from harness.git_http import GitServer
from harness.repository import ENVIRONMENT, Repository, many_models

MANIFESTS = 10_000
TICKS = 10_000
PAIRS = 40


def run(bench):
    repository = Repository(bench.folder / "served" / "repository")
    many_models(repository, MANIFESTS)
    with GitServer(bench.folder / "served") as server:
        url = server.url(repository.folder)
        with Controller(bench, url) as controller:
            controller.looks_ended(1)
            controller.observed(repository.head)
            listing = ["git", "ls-remote", url, "refs/heads/main"]
            ours, theirs = [], []
            for attempt in range(PAIRS):
                took = controller.look()
                started = time.perf_counter()
                subprocess.run(listing, check=True, capture_output=True, env=ENVIRONMENT)
                # The first of each finds everything cold.
                if attempt:
                    ours.append(took)
                    theirs.append(time.perf_counter() - started)
    mine, other = statistics.median(ours), statistics.median(theirs)
    yield Row("10,000 manifests, nothing changed: one tick over http", mine, "s", other, "git ls-remote",
              "<= 1.2 x git ls-remote", mine / other <= 1.2)
    yield from endurance(bench, repository)


def tick(controller, count):
    """Asks for looks until so many have ended; what is asked for during a look is one look after it."""
    end = controller.looks()[0] + count
    while controller.looks()[0] < end:
        for _ in range(50):
            controller.nudge()


def endurance(bench, repository):
    """What 10,000 ticks leave behind, in the controller and in its child."""
    say(f"ticking {TICKS} times")
    with GitServer(bench.folder / "served", remember=True) as server:
        with Controller(bench, server.url(repository.folder), name="endurance") as controller:
            controller.observed(repository.head)
            # The first tenth lets caches and arenas reach their size.
            tick(controller, TICKS // 10)
            rows = controller.ledger_rows()
            before, child_before = memory(controller.pid)[0], memory(controller.helper())[0]
            tick(controller, TICKS)
            after, child_after = memory(controller.pid)[0], memory(controller.helper())[0]
            written = controller.ledger_rows() - rows
    yield Row(f"{TICKS} ticks: growth of the controller", after - before, "MiB", goal="< 1 MiB",
              met=after - before < 1)
    yield Row(f"{TICKS} ticks: growth of the child that speaks to remotes", child_after - child_before, "MiB",
              goal="< 1 MiB", met=child_after - child_before < 1)
    yield Row(f"{TICKS} ticks: rows written to the ledger", written, "rows", goal="0", met=written == 0)
    yield Row("resident memory with 10,000 manifests after them", after, "MiB", goal="< 100 MiB", met=after < 100)
