"""Changes are judged before they are merged; what CI trained for them, the controller does not train again."""
import os
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
from stage import main, short  # noqa: E402

CANARY = """\
    canary:
      steps: [{weight: 10}, {pause: 5m}, {weight: 50}, {pause: {until: approved}}]
"""


class Play:
    def __init__(self, stage):
        self.stage = stage
        self.report = stage.folder / "report"

    def key(self, name):
        file = self.stage.folder / f"{name}.pem"
        made = subprocess.run(
            [self.stage.headgate_path, "key", "generate", str(file)], check=True, capture_output=True, text=True)
        (self.stage.folder / f"{name}.pub").write_text(made.stdout)

    def start(self):
        """A controller that says in a folder what serves, and takes from it what CI's key has signed."""
        folder, configuration = self.stage.folder, self.stage.folder / "controller.yaml"
        configuration.write_text(
            f"sources: [{{name: models, url: {self.stage.repository}, branch: main, poll: 500ms}}]\n"
            f"shared: {{url: {folder}/store, keyFile: {folder}/controller.pem, trustedKeys: [{folder}/ci.pub]}}\n"
            f"router: {{port: {self.stage.port}}}\n")
        with open(self.stage.log, "a") as log:
            self.stage.controller = subprocess.Popen(
                [self.stage.headgate_path, "run", "--config", str(configuration), "--state", str(self.stage.state)],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
        self.stage.wait("the controller to answer", self.stage.answers, 60)

    def ci(self):
        """What a job of CI runs; gives its exit code and the report."""
        folder = self.stage.folder
        shutil.rmtree(self.report, ignore_errors=True)
        command = [
            self.stage.headgate_path, "ci", "--base", "main", "--train", "changed", "--source", "models",
            "--store", f"{folder}/store", "--signing-key", f"{folder}/ci.pem",
            "--trusted-key", f"{folder}/ci.pub", "--trusted-key", f"{folder}/controller.pub",
            "--report", str(self.report)]
        variables = {key: value for key, value in os.environ.items() if not re.match("GITHUB_|GITLAB_|CI", key)}
        print("  $ headgate ci --base main --train changed --store … --report report", flush=True)
        done = subprocess.run(
            command, cwd=self.stage.repository, env=variables, capture_output=True, text=True, timeout=600)
        print("\n".join("    " + line for line in done.stdout.splitlines()), flush=True)
        self.stage.check(self.report.is_dir(), f"there is no report: {done.stderr}")
        return done.returncode, done.stdout


def story(stage):
    play = Play(stage)
    shutil.copytree(HERE.parent / "quickstart" / "repo", stage.repository)
    stage.git("init", "-q", "-b", "main")
    for name in ("ci", "controller"):
        play.key(name)

    stage.act("Serve a model, and say so to CI")
    revision = stage.commit("Add the wine model")
    play.start()
    first = stage.settled(revision, 900)
    stage.check(first["version"] == first["desired"], f"nothing serves: {first['conditions']}")
    champion = stage.folder / "store" / "champions" / "models" / "wine.json"
    stage.wait("the champion's record", champion.exists, 60)
    stage.say("champion", short(first["version"]))
    runs = {folder.name for folder in (stage.state / "runs").iterdir()}

    stage.act("Propose a better one")
    stage.git("checkout", "-q", "-b", "twenty-trees")
    stage.params("headgate.yaml", trees=20)
    manifest = stage.repository / "headgate.yaml"
    stage.write("headgate.yaml", manifest.read_text().replace("    rolling: {}\n", CANARY))
    stage.commit("Train twenty trees, and roll out by a canary")
    code, text = play.ci()
    stage.check(code == 0, f"it ended with {code}")
    stage.check("param trees changed from 10 to 20" in text and "canary: 10 % →" in text, "the plan is not told")
    taken = re.search(r"Model/wine prepare +taken from the shared store", text)
    stage.check(taken, "what the controller has made was made again")
    kept = os.environ.get("HEADGATE_EXAMPLE_REPORT")
    if kept:
        shutil.copytree(play.report, kept, dirs_exist_ok=True)

    stage.act("Propose a worse one")
    stage.git("checkout", "-q", "-b", "one-tree", "main")
    stage.params("headgate.yaml", trees=1, depth=1)
    stage.commit("Train one tiny tree")
    code, text = play.ci()
    stage.check(code == 1, f"it ended with {code}")
    stage.check("is below the floor of" in text and "policies.yaml:11:17: rule accuracy" in text, "no gate is named")

    stage.act("Merge the better one")
    stage.git("checkout", "-q", "main")
    stage.git("merge", "-q", "--ff-only", "twenty-trees")
    stage.say("$", "git merge twenty-trees")
    stage.stage("pause")
    for step in ("train", "evaluate"):
        stage.check(f"wine {step}: taken from" in stage.log.read_text(), f"{step} was not taken from the shared store")
    trained = {folder.name for folder in (stage.state / "runs").iterdir()} - runs
    stage.check(not trained, f"the controller trained what CI had trained: {trained}")
    stage.say("taken", "train and evaluate from the shared store: the controller ran nothing")
    stage.ask("promote", "wine", "--full")
    found = stage.settled(stage.git("rev-parse", "HEAD"), 120)
    stage.check(found["version"] == found["desired"] != first["version"], f"it does not serve: {found['conditions']}")
    stage.say("serves", short(found["version"]))


if __name__ == "__main__":
    sys.exit(main("pull-request", story))
