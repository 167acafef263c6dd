"""Blue-green: the new version is looked at on a preview address, then takes everything at once."""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
from stage import infer, main, short  # noqa: E402


def story(stage):
    stage.make(HERE / "deployment.yaml")
    stage.act("Commit a model")
    revision = stage.commit("Add the wine model")
    stage.start()
    first = stage.settled(revision)
    stage.serves(first)

    stage.act("Make it better, and look at it before anybody else does")
    load = stage.load(first["address"], rate=120)
    stage.params(features=13)
    stage.commit("Look at all features")
    found = stage.stage("approval")
    candidate = next(each for each in found["versions"] if each["role"] == "candidate")
    before = load.count(candidate["version"])
    status, answered = infer(candidate["preview"])
    stage.say("preview", f"{candidate['preview']}  answers {status}, from {answered}")
    stage.check(status == 200 and answered == short(candidate["version"]), "the preview is not the candidate")
    stage.check(before == 0 and candidate["weight"] == 0, "callers reached the candidate before the switch")
    stage.ask("approve", "wine")
    found = stage.stage("analyse", seconds=30)
    weights = {each["role"]: each["weight"] for each in found["versions"]}
    stage.check(weights == {"champion": 0, "candidate": 100}, f"not all at once: {weights}")
    stage.check(any(each["role"] == "champion" and each["phase"] == "ready" for each in found["versions"]),
                "the old version does not stand by")
    second = stage.settled(stage.git("rev-parse", "HEAD"))
    stage.check(second["version"] == second["desired"] != first["version"], f"not promoted: {second['conditions']}")
    stage.serves(second)

    stage.act("Break it: the preview's own test says no, before any caller is hurt")
    stage.params(epochs=25, fault="errors")
    revision = stage.commit("Train longer, with a new feature store")
    third = stage.settled(revision)
    stage.check(third["version"] == second["version"], "the broken version serves")
    stage.check(load.count(third["desired"]) == 0, "a caller reached the broken version")
    stage.serves(third)

    stage.act("Take it back in Git, then go back to the first model")
    stage.revert()
    stage.git("revert", "--no-edit", "HEAD~2")
    stage.say("$", "git revert HEAD~2")
    revision = stage.git("rev-parse", "HEAD")
    found = stage.settled(revision)
    stage.serves(found, first["version"])
    errors = stage.end_load(load)
    stage.check(errors == 0, f"{errors} callers were answered 5xx")


if __name__ == "__main__":
    sys.exit(main("blue-green", story))
