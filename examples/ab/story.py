"""A/B: requests that carry something go to the new version, and stay with it."""
import pathlib
import shutil
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

    stage.act("Make it better, for the beta group")
    load = stage.load(first["address"], rate=60)
    stage.params(features=13)
    stage.commit("Look at all features")
    stage.stage("analyse")
    beta = stage.load(first["address"], rate=60, header=["x-group: beta"])
    found = stage.stage("approval")
    candidate = found["rollout"]["candidate"]
    stage.say("everyone", f"{load.count(first['version'])} from {short(first['version'])}, {load.count(candidate)} from {short(candidate)}")
    stage.say("beta", f"{beta.count(first['version'])} from {short(first['version'])}, {beta.count(candidate)} from {short(candidate)}")
    stage.check(load.count(candidate) == 0, "a caller without the header reached the candidate")
    stage.check(beta.count(candidate) > 20 and beta.count(first["version"]) == 0, "the beta group is split")
    stage.ask("approve", "wine")
    second = stage.settled(stage.git("rev-parse", "HEAD"))
    stage.check(second["version"] == candidate, f"not promoted: {second['conditions']}")
    stage.serves(second)
    beta_counts = beta.stop()
    stage.check(beta_counts["lost"] == 0, f"requests of the beta group were lost: {beta_counts['reasons']}")

    stage.act("Train longer, for three users of ten")
    shutil.copy(HERE / "hash.yaml", stage.repository / "deployment.yaml")
    stage.params(epochs=30)
    stage.commit("Train longer, for a share of users")
    found = stage.stage("analyse")
    candidate = found["rollout"]["candidate"]
    users = stage.load(first["address"], rate=150, users=200, count=400)
    users.finish()
    stage.check(users.now["lost"] == 0, f"requests were lost: {users.now['reasons']}")
    mine = [user for user, versions in users.now["users"].items() if versions == [short(candidate)]]
    torn = [user for user, versions in users.now["users"].items() if len(versions) > 1]
    stage.say("users", f"{len(mine)} of {len(users.now['users'])} got {short(candidate)}, each of them always")
    stage.check(not torn, f"users changed between versions: {torn}")
    stage.check(40 <= len(mine) <= 80, f"{len(mine)} of 200 users are not three of ten")
    found = stage.stage("approval")
    stage.ask("approve", "wine")
    third = stage.settled(stage.git("rev-parse", "HEAD"))
    stage.check(third["version"] == candidate, f"not promoted: {third['conditions']}")
    stage.serves(third)

    stage.act("Go back in Git")
    revision = stage.revert()
    found = stage.settled(revision)
    stage.serves(found, second["version"])
    errors = stage.end_load(load)
    stage.check(errors == 0, f"{errors} callers were answered 5xx")


if __name__ == "__main__":
    sys.exit(main("ab", story))
