"""Rolling: replicas change hands one by one, and a revert within the warm time needs no start."""
import pathlib
import sys
import time

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

    stage.act("Make it better, one server at a time")
    load = stage.load(first["address"], rate=120)
    stage.params(features=13)
    stage.commit("Look at all features")
    least, most = [], []

    def moving(found):
        running = [each for each in found["versions"] if each["role"] in ("champion", "candidate")]
        if found.get("rollout"):
            least.append(sum(each["ready"] for each in running))
            most.append(sum(each["replicas"] for each in running))
        return found["version"] != first["version"] and not found.get("rollout")

    second = stage.wait_for("the rollout", moving)
    stage.say("replicas", f"never fewer than {min(least)} ready, never more than {max(most)} started")
    stage.check(min(least) >= 3 and max(most) <= 4, "the number of replicas was not kept")
    stage.serves(second)

    stage.act("Go back in Git: the first version is still warm")
    stage.wait_for("the first version to stand by", lambda found: any(
        each["version"] == first["version"] and each["role"] == "warm" and each["ready"] == 3
        for each in found["versions"]))
    stage.git("revert", "--no-edit", "HEAD")
    started = time.monotonic()
    while infer(first["address"])[1] != short(first["version"]):
        stage.check(time.monotonic() < started + 30, "the first version does not serve again")
        time.sleep(0.01)
    stage.say("$", "git revert HEAD")
    stage.say("back", f"{time.monotonic() - started:.2f} s after the commit, the poll every {stage.poll} included")
    found = stage.settled(stage.git("rev-parse", "HEAD"))
    stage.serves(found, first["version"])

    stage.act("Commit a version that never becomes ready, and its fix while it hangs")
    stage.params(features=11, fault="never")
    stage.commit("Wait for a feature store that is not there")
    stage.stage("start", "settling")
    stage.params(features=13, fault="none", epochs=30)
    revision = stage.commit("Do without it")
    fixed = stage.settled(revision)
    stage.check(fixed["version"] == fixed["desired"] != first["version"], f"the fix waits: {fixed['conditions']}")
    stage.serves(fixed)
    errors = stage.end_load(load)
    stage.check(errors == 0, f"{errors} callers were answered 5xx")
    stage.check(set(load.now["answers"]) <= {short(each["version"]) for each in (first, second, fixed)},
                "the version that was never ready took a request")


if __name__ == "__main__":
    sys.exit(main("rolling", story))
