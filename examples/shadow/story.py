"""A shadow: the new version gets copies of requests, its answers are compared, and nobody is given them."""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
from stage import main, short  # noqa: E402


def story(stage):
    stage.make(HERE / "deployment.yaml")
    stage.act("Commit a model")
    stage.params(features=13)
    revision = stage.commit("Add the wine model")
    stage.start()
    first = stage.settled(revision)
    stage.serves(first)

    stage.act("Train it longer, and compare the answers")
    load = stage.load(first["address"], rate=120)
    stage.params(epochs=30)
    stage.commit("Train longer")
    found = stage.stage("analyse")
    candidate = found["rollout"]["candidate"]
    stage.wait_for(
        "an answer of the checks",
        lambda each: each["rollout"] and any(check.get("answer") for check in each["rollout"]["checks"]))
    stage.check(load.count(candidate) == 0, "a caller got an answer of the shadow")
    second = stage.settled(stage.git("rev-parse", "HEAD"))
    stage.check(second["version"] == candidate, f"not promoted: {second['conditions']}")
    stage.serves(second)

    stage.act("Look at one feature only: the policy lets it pass, the answers differ")
    stage.write("model.yaml", (stage.repository / "model.yaml").read_text().replace("accuracy: 0.7}", "accuracy: 0.5}"))
    stage.params(features=1)
    revision = stage.commit("Look at the alcohol only, and lower the floor")
    third = stage.settled(revision)
    stage.check(third["version"] == second["version"], "the version that disagrees serves")
    why = stage.why_back(third["desired"])
    stage.check("check agreement failed" in why, f"not for its answers: {why}")
    stage.check(load.count(third["desired"]) == 0, "a caller got an answer of the shadow")
    stage.serves(third)

    stage.act("Let it answer slowly: callers do not notice")
    stage.params(features=13, epochs=31, fault="slow")
    revision = stage.commit("Train a little longer, on a slow machine")
    fourth = stage.settled(revision)
    stage.check(fourth["version"] == second["version"], "the slow version serves")
    why = stage.why_back(fourth["desired"])
    stage.check("check latency failed" in why, f"not for its latency: {why}")
    stage.say("latency", f"p99 {load.now['p99'] * 1000:.1f} ms for callers, {short(fourth['desired'])} took half a second")
    stage.serves(fourth)
    errors = stage.end_load(load)
    stage.check(errors == 0, f"{errors} callers were answered 5xx")


if __name__ == "__main__":
    sys.exit(main("shadow", story))
