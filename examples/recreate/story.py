"""Recreate: the old version stops before the new one starts; callers hear 503 in between, and know it."""
import pathlib
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
from stage import main  # noqa: E402


def story(stage):
    stage.make(HERE / "deployment.yaml")
    stage.act("Commit a model")
    revision = stage.commit("Add the wine model")
    stage.start()
    first = stage.settled(revision)
    stage.serves(first)

    stage.act("Make it better, with room for one version only")
    load = stage.load(first["address"], rate=120)
    stage.params(features=13)
    stage.commit("Look at all features")
    together = []

    def moved(found):
        running = [each["version"] for each in found["versions"] if each["phase"] in ("starting", "ready")]
        together.append(len(set(running)))
        return found["version"] != first["version"] and not found.get("rollout")

    second = stage.wait_for("the rollout", moved)
    stage.check(max(together) <= 1, "two versions ran at once")
    stage.serves(second)
    time.sleep(0.5)
    refused = load.errors()
    stage.say("downtime", f"{refused} requests were answered 503 meanwhile, about {refused / 120:.1f} s of them")

    stage.act("Break it: what served before starts again")
    stage.params(epochs=25, fault="never")
    text = (stage.repository / "deployment.yaml").read_text()
    stage.write("deployment.yaml", text + "    progressDeadline: 4s\n")
    revision = stage.commit("Wait for a feature store that is not there, four seconds at most")
    third = stage.settled(revision)
    stage.check(third["version"] == second["version"], "the broken version serves")
    stage.serves(third)

    stage.act("Go back in Git")
    stage.revert()
    stage.git("revert", "--no-edit", "HEAD~2")
    stage.say("$", "git revert HEAD~2")
    found = stage.settled(stage.git("rev-parse", "HEAD"))
    stage.serves(found, first["version"])
    errors = stage.end_load(load)
    stage.check(errors > 0, "recreate without downtime is not recreate")


if __name__ == "__main__":
    sys.exit(main("recreate", story))
