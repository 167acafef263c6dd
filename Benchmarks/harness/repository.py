"""Git repositories to measure with."""
import os
import pathlib
import subprocess

# Neither the person's settings nor the machine's shall change what is measured.
ENVIRONMENT = {**os.environ, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null",
               "GIT_AUTHOR_NAME": "Bench", "GIT_AUTHOR_EMAIL": "bench@example.com",
               "GIT_COMMITTER_NAME": "Bench", "GIT_COMMITTER_EMAIL": "bench@example.com"}


def git(folder, *arguments):
    return subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True,
                          env=ENVIRONMENT).stdout.strip()


class Repository:
    """A work tree whose commits are what is watched."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        folder.mkdir(parents=True)
        git(folder, "init", "-q", "-b", "main")

    def write(self, path, text):
        place = self.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)

    def commit(self, message):
        """Commits all there is; gives the commit's id."""
        git(self.folder, "add", "-A")
        git(self.folder, "commit", "-q", "-m", message)
        return self.head

    def revert(self):
        git(self.folder, "revert", "--no-edit", "HEAD")
        return self.head

    @property
    def head(self):
        return git(self.folder, "rev-parse", "HEAD")

    def clone(self, folder):
        subprocess.run(["git", "clone", "-q", "--bare", str(self.folder), str(folder)], check=True, env=ENVIRONMENT)
        return folder


MODEL = """\
apiVersion: headgate.dev/v1
kind: Model
metadata: {{name: m{0}, labels: {{tier: bench}}}}
spec:
  pipeline:
    steps:
    - name: train
      command: [python3, train.py, --trees, $(params.trees)]
      params: {{trees: {1}}}
      inputs: [train.py]
      outputs: [model/]
  artifact: model/
  serve:
    command: [serve, $(model), $(port)]
"""

# Nothing shall run: the gate before training refuses everything.
CLOSED = """\
apiVersion: headgate.dev/v1
kind: Policy
metadata: {name: closed}
spec:
  at: [plan]
  match: {labels: {tier: bench}}
  rules:
  - {name: closed, expression: 'false', message: closed}
"""


def many_models(repository, count):
    """Fills a repository with models that a policy keeps from running; gives the writer of one of them."""
    def write(index, trees):
        repository.write(f"group{index % 100}/m{index}/headgate.yaml", MODEL.format(index, trees))

    for index in range(count):
        write(index, 10)
        repository.write(f"group{index % 100}/m{index}/train.py", f"# {index}\n")
    repository.write("policy.yaml", CLOSED)
    repository.commit(f"Add {count} models")
    return write
