"""1,000 models and one changed: `headgate ci --train none` beside `git status` and `dvc status`"""
import json
import subprocess

from harness.bench import Row, median_time, say
from harness.repository import Repository

DVC = "dvc==3.67.1"
COUNT = 1000
MODEL = """apiVersion: headgate.dev/v1
kind: Model
metadata: {{name: m{0}, labels: {{tier: production}}}}
spec:
  pipeline:
    steps:
    - name: prepare
      command: [python3, prepare.py]
      inputs: [prepare.py]
      outputs: [prepared/]
    - name: train
      command: [python3, train.py, --trees, $(params.trees)]
      params: {{trees: {1}}}
      inputs: [train.py, prepared/]
      outputs: [model/]
    - name: evaluate
      command: [python3, evaluate.py]
      inputs: [evaluate.py, model/]
      metrics: {{file: metrics.json, names: {{accuracy: double}}}}
  artifact: model/
  serve:
    command: [python3, serve.py, --model, $(model), --port, $(port)]
---
apiVersion: headgate.dev/v1
kind: Deployment
metadata: {{name: m{0}}}
spec: {{model: m{0}, target: local}}
"""
POLICY = """apiVersion: headgate.dev/v1
kind: Policy
metadata: {name: not-worse-than-champion}
spec:
  at: [validate]
  match: {labels: {tier: production}}
  rules:
  - {name: accuracy, expression: champion == null || candidate.metrics.accuracy >= champion.metrics.accuracy}
"""


def run(bench):
    say(f"making {COUNT} models")
    repository = Repository(bench.folder / "repository")
    repository.write("policy.yaml", POLICY)
    for index in range(COUNT):
        repository.write(f"models/m{index}/headgate.yaml", MODEL.format(index, 100))
        for script in ("prepare", "train", "evaluate"):
            repository.write(f"models/m{index}/{script}.py", f"# {script} of model {index}\n")
    repository.commit(f"Add {COUNT} models")
    repository.write("models/m7/headgate.yaml", MODEL.format(7, 200))
    repository.commit("Change one model")
    # Metrics are given, so that every gate is asked to its end.
    evidence = bench.folder / "evidence.json"
    evidence.write_text(json.dumps({
        "candidates": {"m7": {"metrics": {"accuracy": 0.91}}}, "champions": {"m7": {"metrics": {"accuracy": 0.9}}}}))
    command = [bench.headgate, "ci", "--base", "HEAD~1", "--train", "none", "--evidence", str(evidence)]
    ours = median_time(command, repository.folder)
    git = median_time(["git", "status"], repository.folder)

    dvc = str(bench.environment(DVC) / "dvc")
    rival = Repository(bench.folder / "rival")
    subprocess.run([dvc, "init", "-q"], cwd=rival.folder, check=True)
    subprocess.run([dvc, "config", "core.analytics", "false"], cwd=rival.folder, check=True)
    for index in range(COUNT):
        rival.write(
            f"models/m{index}/dvc.yaml",
            "stages:\n  prepare:\n    cmd: python3 prepare.py\n    deps: [prepare.py]\n    outs: [prepared]\n"
            "  train:\n    cmd: python3 train.py\n    deps: [train.py, prepared]\n    outs: [model]\n"
            "  evaluate:\n    cmd: python3 evaluate.py\n    deps: [evaluate.py, model]\n    outs: [metrics.json]\n")
        for script in ("prepare", "train", "evaluate"):
            rival.write(f"models/m{index}/{script}.py", f"# {script} of model {index}\n")
    rival.commit(f"Add {COUNT} models")
    theirs = median_time([dvc, "status"], rival.folder, runs=3)
    yield Row("ci of 1,000 models, one changed", ours, "s", theirs, "dvc status", "< 1 s", ours < 1)
    yield Row("ci of 1,000 models, one changed", ours, "s", git, "git status")
