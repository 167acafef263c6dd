"""10,000 manifests, one changed: from the question to the remote to the plan, beside `git fetch` of the same commit"""
import statistics
import subprocess
import time

from harness.bench import Row, until
from harness.controller import Controller, memory
from harness.repository import ENVIRONMENT, Repository, many_models

COUNT = 10_000


def run(bench):
    repository = Repository(bench.folder / "repository")
    write = many_models(repository, COUNT)
    clone = repository.clone(bench.folder / "clone.git")
    with Controller(bench, repository.folder) as controller:
        controller.observed(repository.head)
        decoded = controller.decoded()
        ours, theirs = [], []
        for attempt in range(8):
            write(7, 20 + attempt)
            head = repository.commit(f"Change one {attempt}")
            last = controller.get("events?limit=1")[0]["id"]
            asked = time.time()
            controller.nudge()

            def seen():
                for entry in controller.get(f"events?after={last}&limit=10"):
                    event = entry["event"]
                    if event["reason"] == "RevisionObserved" and head in str(event["revision"]):
                        return event["at"] / 1000
                return None

            planned = until(seen, 60, "the plan")
            started = time.perf_counter()
            subprocess.run(["git", "fetch", "-q", str(repository.folder), "+refs/heads/main:refs/heads/main"],
                           cwd=clone, check=True, env=ENVIRONMENT)
            took = time.perf_counter() - started
            # The first starts the child that speaks to remotes.
            if attempt:
                theirs.append(took)
                ours.append(planned - asked)
        decoded = (controller.decoded() - decoded) / 8
        now, peak = memory(controller.pid)
    mine, other = statistics.median(ours), statistics.median(theirs)
    yield Row("10,000 manifests, one changed: fetch to plan", mine, "s", other, "git fetch", "<= 2 x git fetch",
              mine / other <= 2)
    yield Row("10,000 manifests, one changed: manifests decoded", decoded, "manifests", goal="1", met=decoded == 1)
    yield Row("10,000 manifests: resident memory", now, "MiB", goal="< 100 MiB", met=now < 100)
    yield Row("10,000 manifests: peak memory since the cold start", peak, "MiB")
