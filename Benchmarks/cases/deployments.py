"""1,000 Deployments changed in one commit, models cached, a target that answers in 10 ms: until all are ready"""
import json
import sys
import time

from harness.bench import Row, say, until
from harness.controller import Controller, memory, processor_time
from harness.repository import Repository

COUNT = 1000
# Flux's own benchmark of 1,000 Kustomizations, on 16 cores.
FLUX_SECONDS, FLUX_MEMORY = 4 * 60 + 13, 223

# A serving system: what it is told holds at once, and every answer takes 10 ms.
TARGET = '''
import asyncio, json, sys

async def main():
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=1 << 24)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    states = {}

    def answer(request):
        result = {"id": request["id"]}
        name = request.get("deployment", {}).get("name")
        if request["call"] == "capabilities":
            result["capabilities"] = {"weights": True, "sideBySide": True}
        elif request["call"] == "observe":
            state = states.get(name, {"versions": [], "weights": {}})
            result["observed"] = {
                "versions": {each["version"]: {"phase": "ready", "replicas": each["replicas"]}
                             for each in state["versions"]},
                "weights": state["weights"]}
        sys.stdout.write(json.dumps(result) + "\\n")
        sys.stdout.flush()

    while line := await reader.readline():
        request = json.loads(line)
        if request["call"] == "apply":
            states[request["deployment"]["name"]] = request["state"]
        elif request["call"] == "remove":
            states.pop(request["deployment"]["name"], None)
        loop.call_later(0.010, answer, request)

asyncio.run(main())
'''

MODELS = """\
apiVersion: headgate.dev/v1
kind: Model
metadata: {{name: {0}}}
spec:
  pipeline:
    steps:
    - {{name: train, command: [cp, {0}.txt, model], inputs: [{0}.txt], outputs: [model]}}
  artifact: model
  serve: {{command: [serve, $(model), $(port)]}}
"""
DEPLOYMENT = """\
apiVersion: headgate.dev/v1
kind: Deployment
metadata: {{name: d{0}}}
spec:
  model: {1}
  target: fleet
  strategy: {{rolling: {{}}}}
"""


def run(bench):
    repository = Repository(bench.folder / "repository")
    for model in ("red", "blue"):
        repository.write(f"{model}.txt", model)
        repository.write(f"{model}.yaml", MODELS.format(model))
    repository.write("target.yaml", "apiVersion: headgate.dev/v1\nkind: Target\nmetadata: {name: fleet}\n"
                                    "spec: {exec: {program: stand-in}}\n")

    def deploy(model):
        for index in range(COUNT):
            repository.write(f"deployments/d{index}.yaml", DEPLOYMENT.format(index, model))
        return repository.commit(f"Deploy {model}")

    deploy("red")
    (bench.folder / "target.py").write_text(TARGET)
    configuration = bench.folder / "headgate.yaml"
    # JSON is YAML.
    configuration.write_text(json.dumps({
        "sources": [{"url": str(repository.folder), "branch": "main", "poll": "1h"}],
        "targetPrograms": {"stand-in": {"command": [sys.executable, str(bench.folder / "target.py")]}}}))
    with Controller(bench, None, configuration=configuration) as controller:
        last = 0

        def all_promoted():
            nonlocal last
            while found := controller.get(f"events?after={last}&limit=10000"):
                last = max(entry["id"] for entry in found)
                promoted.update(str(entry["event"]["object"]) for entry in found
                                if entry["event"]["reason"] == "Promoted")
            return len(promoted) == COUNT and controller.metric("headgate_deployment_ready") == COUNT

        say(f"deploying {COUNT} Deployments for the first time")
        promoted = set()
        until(all_promoted, 600, "the first deployment of all", interval=0.5)
        settled(controller)
        promoted = set()
        deploy("blue")
        # What the commit itself takes is not ours.
        cpu, started = processor_time(controller.pid), time.perf_counter()
        controller.nudge()
        until(all_promoted, 600, "all to serve the other model", interval=0.25)
        took = time.perf_counter() - started
        cpu = processor_time(controller.pid) - cpu
        _, peak = memory(controller.pid)
        serving = {found["version"] for found in controller.get("deployments")}
        wanted = {found["version"] for found in controller.get("models") if found["name"] == "blue"}
        if serving != wanted:
            raise RuntimeError(f"{serving} serve, not {wanted}")
    yield Row(f"{COUNT} Deployments changed in one commit: all ready", took, "s", FLUX_SECONDS,
              "Flux for 1,000 Kustomizations on 16 cores, as published", "<= 30 s", took <= 30)
    yield Row(f"{COUNT} Deployments changed in one commit: processor time", cpu, "s")
    yield Row(f"{COUNT} Deployments changed in one commit: peak memory", peak, "MiB", FLUX_MEMORY,
              "Flux, as published", "<= 100 MiB", peak <= 100)


def settled(controller):
    """Waits until nothing is written any more."""
    while True:
        before = controller.get("events?limit=1")[0]["id"]
        time.sleep(2)
        if controller.get("events?limit=1")[0]["id"] == before:
            return
