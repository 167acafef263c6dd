"""Every strategy forward and back under constant load, with the controller killed at random moments.

One controller holds a Deployment for each strategy and one for each way in which a candidate can be broken. All of them
roll at once, so that it takes as long as the slowest. Chance comes from a seed, which a failure names.
"""
import argparse
import pathlib
import random
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "examples" / "support"))
from stage import Failed, Stage, short  # noqa: E402

CHECKS = """
      checks:
      - {name: errors, expression: candidate.errorRate < 0.05, interval: 1s, minSamples: 10, onInconclusive: promote}"""
CANARY = "canary:\n      steps: [{weight: 10}, {analyse: 4s}, {weight: 50}, {analyse: 4s}]" + CHECKS
STRATEGIES = {
    "rolling": "rolling: {}",
    "batches": "rolling: {}\n    maxSurge: 1",
    "blue-green": "blueGreen:\n      analyse: 2s\n      delay: 2s" + CHECKS,
    "canary": CANARY,
    "ab": "ab:\n      match: {header: {name: x-group, value: beta}}\n      analyse: 3s" + CHECKS,
    "shadow": "shadow:\n      percent: 50\n      analyse: 3s\n      compare: {tolerance: 1000}" + CHECKS,
    "recreate": "recreate: {allowDowntime: true}",
}
FAULTS = {"crash": CANARY, "hang": CANARY, "mute": CANARY, "errors": CANARY, "late": CANARY,
          "never": CANARY + "\n    progressDeadline: 8s"}
# Where the weights are looked at; nothing but what counts them sends it requests.
STEADY = "canary:\n      steps: [{weight: 10}, {pause: {until: approved}}, {weight: 33}, {pause: {until: approved}}]"


def deployment(name, model, strategy, replicas=1):
    return f"""apiVersion: headgate.dev/v1
kind: Deployment
metadata: {{name: {name}}}
spec:
  model: {model}
  target: local
  replicas: {replicas}
  strategy:
    {strategy}
"""


class Trial:
    def __init__(self, stage, seed):
        self.stage, self.random, self.kills = stage, random.Random(seed), 0
        self.loads = {}

    def write(self, **changed):
        """Models of the same steps, so that they share results; a fault belongs to its own model only."""
        text = (ROOT / "examples" / "support" / "wine" / "model.yaml").read_text()
        model, policy = text.split("\n---\n")
        for name, value in changed.items():
            model = model.replace(f"{name}: 6", f"{name}: {value}")
        models = [model] + [
            model.replace("name: wine", f"name: {fault}", 1).replace("fault: none", f"fault: {fault if changed else 'none'}")
            for fault in FAULTS]
        self.stage.write("model.yaml", "\n---\n".join(models + [policy]))

    def make(self):
        stage = self.stage
        deployments = [deployment(name, "wine", text, 3 if name == "batches" else 1) for name, text in STRATEGIES.items()]
        deployments += [deployment(fault, fault, text) for fault, text in FAULTS.items()]
        deployments.append(deployment("steady", "wine", STEADY))
        file = stage.folder / "deployment.yaml"
        file.write_text("---\n".join(deployments))
        stage.make(file)
        self.write()
        stage.commit("Add everything")

    def deployments(self):
        return {each["name"]: each for each in self.stage.get("deployments")}

    def settled(self, revision, names):
        def done():
            found = self.deployments()
            for name in names:
                each = found.get(name)
                ready = each and next((c for c in each["conditions"] if c["kind"] == "Ready"), None)
                if not ready or not (each.get("revision") or "").endswith(revision) or not each.get("desired"):
                    return None
                if each.get("rollout") or ready["status"] == "Unknown":
                    return None
            return found
        return done

    def roll(self, revision, names, kills):
        """Waits until all have settled, and kills the controller at random moments meanwhile."""
        moments = sorted(self.random.uniform(0.2, 7) for _ in range(kills))
        started = time.monotonic()
        done = self.settled(revision, names)
        end = started + 150
        while True:
            if moments and time.monotonic() - started >= moments[0]:
                moments.pop(0)
                self.stage.kill()
                self.kills += 1
                time.sleep(self.random.uniform(0, 1))
                self.stage.start()
            found = done()
            if found and not moments:
                return found
            if time.monotonic() > end:
                waiting = {n: (e["conditions"], e.get("rollout")) for n, e in self.deployments().items() if n in names}
                raise Failed(f"not settled in 150 s: {waiting}")
            time.sleep(0.1)

    def share(self, address, weight, candidate, count):
        answers = self.stage.share(address, count)
        expected = count * weight // 100
        print(f"  weight {weight}: {answers.get(short(candidate), 0)} of {count} requests", flush=True)
        self.stage.check(answers.get(short(candidate), 0) == expected, f"at weight {weight}: {answers}")

    def steady(self, found):
        """Weights are exact, with a controller and without."""
        stage = self.stage
        address, candidate = found["address"], found["rollout"]["candidate"]
        self.share(address, 10, candidate, 1000)
        stage.headgate("approve", "steady")
        stage.wait("weight 33", lambda: self.steady_is(33))
        self.share(address, 33, candidate, 1000)
        stage.kill()
        self.share(address, 33, candidate, 500)
        stage.start()
        stage.headgate("abort", "steady")
        stage.wait("the champion alone", lambda: self.steady_is(None))
        self.share(address, 0, candidate, 200)

    def steady_is(self, weight):
        rollout = self.deployments()["steady"].get("rollout")
        if weight is None:
            return rollout is None
        return rollout and rollout["weight"] == weight and rollout["phase"] == "waiting"

    def play(self, rate):
        stage = self.stage
        self.make()
        stage.start()
        names = [*STRATEGIES, *FAULTS]
        first = self.roll(stage.git("rev-parse", "HEAD"), [*names, "steady"], kills=0)
        for name in names:
            self.loads[name] = stage.load(first[name]["address"], rate=rate, connections=4, timeout=90)
        self.loads["beta"] = stage.load(
            first["ab"]["address"], rate=rate, connections=4, timeout=90, header=["x-group: beta"])

        print("forward", flush=True)
        self.write(features=13)
        revision = stage.commit("Look at all features; break some")
        second = self.roll(revision, names, kills=4)
        for name in [*STRATEGIES, "late"]:
            stage.check(second[name]["version"] == second[name]["desired"] != first[name]["version"],
                        f"{name} was not promoted: {second[name]['conditions']}")
        for name in ("crash", "hang", "mute", "errors", "never"):
            stage.check(second[name]["version"] == first[name]["version"] != second[name]["desired"],
                        f"{name} was promoted: {second[name]['conditions']}")
        stage.check(self.loads["never"].count(second["never"]["desired"]) == 0, "who never was ready took a request")
        for name in ("crash", "hang", "mute", "errors"):
            taken = self.loads[name].count(second[name]["desired"])
            why = stage.why_back(second[name]["desired"], name).splitlines()[0]
            print(f"  {name}: {taken} requests reached the candidate; {why}", flush=True)
            stage.check(taken > 0, f"{name} was never tried")
        self.steady(stage.wait("the steady canary", lambda: self.steady_is(10) and self.deployments()["steady"]))

        print("back", flush=True)
        revision = stage.revert()
        third = self.roll(revision, names, kills=2)
        for name in names:
            stage.check(third[name]["version"] == first[name]["version"], f"{name}: {third[name]['conditions']}")
        self.finish()

    def finish(self):
        """Ends the loads, and holds that nothing was lost."""
        sent = lost = 0
        for name, load in self.loads.items():
            counts = load.stop()
            errors = load.errors()
            sent, lost = sent + counts["sent"], lost + counts["lost"]
            print(f"  {name:<11}{counts['sent']:>6} sent {counts['lost']:>3} lost {errors:>5} answered 5xx  "
                  f"p50 {counts['p50'] * 1000:.1f} ms  p99 {counts['p99'] * 1000:.1f} ms", flush=True)
        print(f"{sent} requests under {self.kills} kills of the controller: {lost} lost", flush=True)
        for name, load in self.loads.items():
            self.stage.check(load.now["sent"] > 100, f"the load on {name} was too small to mean anything")
            self.stage.check(load.now["lost"] == 0, f"{name} lost requests: {load.now['reasons']}")
            self.stage.check(load.now["wrong"] == 0, f"{name} mixed up {load.now['wrong']} answers")
            if name not in ("recreate", "errors"):
                self.stage.check(load.errors() == 0, f"{name} answered 5xx: {load.now['answers']}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--headgate", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=25, help="requests a second to each Deployment")
    options = parser.parse_args()
    stage = Stage("reliability", options.headgate, quiet=True)
    started = time.monotonic()
    try:
        Trial(stage, options.seed).play(options.rate)
        print(f"everything held, in {time.monotonic() - started:.0f} s with seed {options.seed}")
        return 0
    except (Failed, subprocess.SubprocessError, OSError) as error:
        print(f"FAILED with seed {options.seed}: {error}", file=sys.stderr)
        print(f"the controller's log ends with:\n{stage.lines_of_the_log(120)}", file=sys.stderr)
        return 1
    finally:
        stage.close()


if __name__ == "__main__":
    sys.exit(main())
