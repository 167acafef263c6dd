"""a 100-step chain with nothing to do: `headgate plan` beside `dvc status`"""
import subprocess

from harness.bench import Row, median_time, say, until
from harness.controller import Controller
from harness.repository import Repository

# This DVC imports a name that later versions of pathspec no longer have.
DVC = ["dvc==3.59.2", "pathspec==0.12.1"]
COUNT = 100


def run(bench):
    repository = Repository(bench.folder / "repository")
    repository.write("s0", "data\n")
    steps = "".join(
        f"    - name: s{i + 1}\n      command: [cp, s{i}, s{i + 1}]\n      inputs: [s{i}]\n      outputs: [s{i + 1}]\n"
        for i in range(COUNT))
    repository.write(
        "headgate.yaml", "apiVersion: headgate.dev/v1\nkind: Model\nmetadata: {name: chain}\nspec:\n  pipeline:\n"
        f"    steps:\n{steps}  artifact: s{COUNT}\n")
    repository.commit("Add the chain")
    with Controller(bench, repository.folder) as controller:
        say(f"running {COUNT} steps once")
        until(lambda: controller.get("models")[0].get("version"), 300, "the chain")
        state = controller.state
    ours = median_time([bench.headgate, "plan", str(repository.folder), "--state", str(state)], repository.folder)

    tools = bench.environment(*DVC)
    rival = Repository(bench.folder / "rival")
    dvc = str(tools / "dvc")
    subprocess.run([dvc, "init", "-q"], cwd=rival.folder, check=True)
    subprocess.run([dvc, "config", "core.analytics", "false"], cwd=rival.folder, check=True)
    rival.write("s0", "data\n")
    rival.write("dvc.yaml", "stages:\n" + "".join(
        f"  s{i + 1}:\n    cmd: cp s{i} s{i + 1}\n    deps: [s{i}]\n    outs: [s{i + 1}]\n" for i in range(COUNT)))
    say("running the same chain once in DVC")
    subprocess.run([dvc, "repro", "-q"], cwd=rival.folder, check=True)
    theirs = median_time([dvc, "status"], rival.folder, runs=5)
    yield Row("plan of 100 steps, nothing to do", ours, "s", theirs, "dvc status", ">= 30 x faster",
              theirs / ours >= 30, given_ratio=theirs / ours)
