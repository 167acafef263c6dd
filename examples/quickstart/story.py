"""Plays the quickstart's story against a real controller, and says whether each act truly happened."""
import json
import pathlib
import shutil
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
from stage import exchange, main, short  # noqa: E402


class Story:
    def __init__(self, stage):
        self.stage = stage
        self.wait, self.check, self.act = stage.wait, stage.check, stage.act
        self.headgate, self.start = stage.headgate, stage.start
        self.repository = stage.repository

    # MARK: Tools

    def git(self, *arguments):
        return self.stage.git(*arguments)

    def commit(self, message):
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        print(f"  $ git commit -m '{message}'   ({self.git('rev-parse', '--short', 'HEAD')})")

    def undo(self, why):
        self.git("revert", "--no-edit", "HEAD")
        print(f"  $ git revert HEAD   ({self.git('rev-parse', '--short', 'HEAD')}: {why})", flush=True)

    def params(self, **values):
        self.stage.params("headgate.yaml", **values)

    def deployment(self):
        return next((found for found in self.stage.get("deployments") if found["name"] == "wine"), None)

    def condition(self, found, kind):
        return next((each for each in found["conditions"] if each["kind"] == kind), None)

    def settled(self, revision, seconds=600):
        """Waits until the Deployment has an answer for a commit: it serves it, or says why not."""

        def look():
            found = self.deployment()
            if not found or not (found.get("revision") or "").endswith(revision) or not found.get("desired"):
                return None
            ready = self.condition(found, "Ready")
            return found if ready and ready["status"] in ("True", "False") else None

        return self.wait(f"an answer to {revision[:7]}", look, seconds)

    def runs(self):
        return self.stage.get("runs")

    def metrics(self, version):
        return next(found["metrics"] for found in self.stage.get("versions") if found["version"] == version)

    def show(self, found):
        status, answer, version = exchange(found["address"])
        self.check(status == 200, f"an inference request was answered {status}: {answer!r}")
        self.check(version == short(found["version"]), f"version {version} answered, not {found['version']}")
        label = json.loads(answer)["outputs"][0]["data"][0]
        print(f"  serves    {found['version'][:19]}  {json.dumps(self.metrics(found['version']))}")
        print(f"  answers   class {label} for a wine, from {found['address']}/v2/models/wine/infer", flush=True)

    # MARK: Acts

    def play(self):
        shutil.copytree(HERE / "repo", self.repository)
        self.git("init", "-q", "-b", "main")
        self.act("Commit a model")
        self.commit("Add the wine model")
        self.start()
        print("  trained on this machine; the first time its Python packages are installed", flush=True)
        first = self.settled(self.git("rev-parse", "HEAD"), 900)
        self.check(first["version"] == first["desired"], f"nothing serves: {first['conditions']}")
        for run in reversed(self.runs()):
            print(f"  step      {run['step']}: {run['state']} in {(run['ended'] - run['started']) / 1000:.1f} s")
        self.show(first)
        load = self.stage.load(first["address"], rate=100)
        self.worse(first)
        better = self.better(first)
        self.revert(first, better)
        self.kill(first)
        counts = load.stop()
        print(f"\n{counts['sent']} inference requests were answered all the while; {counts['lost']} were lost.")
        self.check(counts["sent"] > 100, "the load was too small to mean anything")
        self.check(counts["lost"] == 0, f"requests were lost: {counts['reasons']}")
        self.check(load.errors() == 0, f"{load.errors()} requests were answered 5xx")

    def worse(self, first):
        self.act("Make it worse")
        self.params(trees=1, depth=1)
        self.commit("Train one tiny tree")
        found = self.settled(self.git("rev-parse", "HEAD"))
        ready = self.condition(found, "Ready")
        self.check(found["desired"] != first["version"], "no new version was made")
        self.check(ready["reason"] == "GateDenied", f"the gate did not say no: {ready}")
        self.check(found["version"] == first["version"], "the champion was replaced")
        for recorded in found["verdicts"]:
            if recorded["version"] == found["desired"]:
                verdict = recorded["verdict"]
                print(f"  gate      {verdict['policy']}: {verdict['outcome']}  {verdict.get('message') or ''}")
        old, new = self.metrics(first["version"])["accuracy"], self.metrics(found["desired"])["accuracy"]
        message = ready["message"] + "".join(each["verdict"].get("message") or "" for each in found["verdicts"])
        self.check(str(old) in message and str(new) in message, f"the policies do not name both numbers: {message}")
        self.show(found)
        self.undo("take the bad idea back; nothing moves")
        found = self.settled(self.git("rev-parse", "HEAD"))
        self.check(found["version"] == found["desired"] == first["version"], f"something moved: {found['conditions']}")

    def better(self, first):
        self.act("Make it better")
        self.params(trees=20, depth=2)
        self.commit("Train twenty trees")
        found = self.settled(self.git("rev-parse", "HEAD"))
        self.check(found["version"] == found["desired"] != first["version"], f"it was not replaced: {found['conditions']}")
        for recorded in found["verdicts"]:
            if recorded["version"] == found["desired"]:
                print(f"  gate      {recorded['verdict']['policy']}: {recorded['verdict']['outcome']}")
        self.show(found)
        return found

    def revert(self, first, better):
        self.act("Revert it")
        before = self.runs()
        digest = first["version"].split(":")[1][:12]
        self.undo("back to the first model")
        started = time.monotonic()
        end = started + 120
        while exchange(first["address"])[2] != digest:
            self.check(time.monotonic() < end, "the earlier version does not serve again")
            time.sleep(0.02)
        took = time.monotonic() - started
        found = self.settled(self.git("rev-parse", "HEAD"))
        self.check(found["version"] == first["version"], f"another version serves: {found['conditions']}")
        self.check(self.runs() == before, "a step ran again")
        history = json.loads(self.headgate("history", "wine", "-o", "json"))
        self.check(history[0]["restored"] is True, "it is not recorded as a restoration")
        print(f"  restored  {took:.2f} s after the commit; no step ran")
        self.show(found)

    def kill(self, first):
        self.act("Kill the controller in the middle of a training")
        self.params(trees=20, depth=3, pause=8)
        self.commit("Train deeper, and slowly")

        def training():
            return next((run for run in self.runs() if run["step"] == "train" and run["state"] == "running"), None)

        run = self.wait("the training to start", training, 120)
        self.wait("the training to say so", lambda: "waited" in self.headgate("logs", run["run"]), 60)
        self.stage.kill()
        print(f"  killed    the controller, while {run['run']} was training")
        for _ in range(20):
            status, _, _ = exchange(first["address"])
            self.check(status == 200, f"inference answered {status} while the controller was gone")
        print("  answers   go on without it")
        self.start()
        found = self.settled(self.git("rev-parse", "HEAD"))
        self.check(found["version"] == found["desired"] != first["version"], f"it was not rolled out: {found['conditions']}")
        attempts = [each for each in self.runs() if each["key"] == run["key"]]
        self.check(len(attempts) == 1 and attempts[0]["run"] == run["run"], f"the step ran beside itself: {attempts}")
        self.check(attempts[0]["state"] == "succeeded", f"the step was not adopted: {attempts}")
        took = (attempts[0]["ended"] - attempts[0]["started"]) / 1000
        print(f"  adopted   {run['run']}: one attempt, {took:.1f} s from start to end")
        self.show(found)


def story(stage):
    Story(stage).play()


if __name__ == "__main__":
    sys.exit(main("quickstart", story))
