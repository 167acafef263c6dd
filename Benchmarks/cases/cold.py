"""a cold start with 10,000 manifests and an empty cache: time to the first plan, and peak memory"""
import time

from harness.bench import Row, say
from harness.controller import Controller, memory, processor_time
from harness.repository import Repository, many_models

COUNT = 10_000


def run(bench):
    repository = Repository(bench.folder / "repository")
    many_models(repository, COUNT)
    say("starting with an empty state folder")
    started = time.time()
    with Controller(bench, repository.folder, name="cold") as controller:
        took = controller.observed(repository.head) - started
        cpu = processor_time(controller.pid)
        _, peak = memory(controller.pid)
    yield Row("10,000 manifests, cold start: time to the first plan", took, "s")
    yield Row("10,000 manifests, cold start: processor time", cpu, "s")
    yield Row("10,000 manifests, cold start: peak memory", peak, "MiB")
    say("starting again with what the first left")
    started = time.time()
    with Controller(bench, repository.folder, name="cold") as controller:
        controller.looks_ended(1)
        took = time.time() - started
        _, peak = memory(controller.pid)
    yield Row("10,000 manifests, second start: time to the first look's end", took, "s")
    yield Row("10,000 manifests, second start: peak memory", peak, "MiB")
