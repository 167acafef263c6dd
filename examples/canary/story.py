"""A canary: a tenth of the requests first, then a half, then a person says yes; or back at the first sign of harm."""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
from stage import main, short  # noqa: E402


def story(stage):
    stage.make(HERE / "deployment.yaml")
    stage.act("Commit a model")
    revision = stage.commit("Add the wine model")
    stage.start()
    first = stage.settled(revision)
    stage.serves(first)

    stage.act("Make it better, and let a tenth of the requests try it")
    load = stage.load(first["address"], rate=120)
    screen, lines = stage.watch(terminal=True), stage.watch()
    stage.params(features=13)
    stage.commit("Look at all features")
    stage.stage("analyse")
    found = stage.stage("approval")
    stage.say("watch", "$ headgate get deployment wine")
    print("\n".join("    " + line for line in stage.headgate("get", "deployment", "wine").splitlines()))
    stage.check(found["version"] == first["version"], "it was promoted without an approval")
    stage.check(load.count(found["rollout"]["candidate"]) > 20, "the candidate took no traffic")
    stage.ask("approve", "wine")
    second = stage.settled(stage.git("rev-parse", "HEAD"))
    stage.check(second["version"] == second["desired"] != first["version"], f"not promoted: {second['conditions']}")
    stage.serves(second)

    stage.act("Break it in a way that no metric shows")
    stage.params(epochs=25, fault="errors")
    revision = stage.commit("Train longer, with a new feature store")
    third = stage.settled(revision)
    stage.check(third["version"] == second["version"], "the broken version serves")
    why = stage.why_back(third["desired"])
    stage.check("check errors failed" in why, f"no check sent it back: {why}")
    broken, healthy = load.count(third["desired"]), load.count(second["version"])
    stage.say("requests", f"{broken} reached {short(third['desired'])}, {healthy} its champion {short(second['version'])}")
    stage.check(broken > 0, "the broken version was never tried")
    stage.serves(third)

    stage.act("Take it back in Git")
    revision = stage.revert()
    found = stage.settled(revision)
    stage.serves(found, second["version"])

    stage.act("Steer by hand")
    stage.params(epochs=30)
    stage.commit("Train longer")
    stage.stage("analyse")
    stage.ask("pause", "wine")
    found = stage.wait_for("the pause", lambda each: each["rollout"] and each["rollout"]["paused"])
    candidate = found["rollout"]["candidate"]
    stage.ask("resume", "wine")
    stage.ask("promote", "wine")
    stage.stage("approval")
    stage.ask("abort", "wine")
    found = stage.wait_for("the way back", lambda each: not each.get("rollout"))
    stage.check(found["version"] == second["version"], "the aborted version serves")
    stage.check(any(hold["version"] == candidate for hold in found["holds"]), "nothing holds what was aborted")
    stage.say("held", f"{short(candidate)}: {found['holds'][-1]['reason']}")
    stage.ask("retry", "deployment/wine")
    stage.stage("analyse")
    stage.ask("promote", "wine", "--full")
    found = stage.settled(stage.git("rev-parse", "HEAD"))
    stage.serves(found, candidate)

    # The live view has seen all of it: drawn over itself on a terminal, a line a change in a pipe.
    for wanted in ("\x1b[H", "\x1b[33m►\x1b[0m analyse 6s", "check errors", "of the evidence that decides", "goes back from"):
        stage.check(wanted in screen(), f"{wanted!r} was not drawn")
    for wanted in ("analyse 6s (waiting)", "errors: inconclusive", "because check errors failed", "Succeeded"):
        stage.check(wanted in lines(), f"{wanted!r} is not among the lines")
    stage.check("\x1b" not in lines() and lines().count("\n") < 200, "a pipe is not a terminal")
    stage.end_load(load)


if __name__ == "__main__":
    sys.exit(main("canary", story))
