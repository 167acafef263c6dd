"""the expression engine beside its peers from PyPI: the same expressions, the same inputs, in CPU time

The expressions, inputs and the peers' runners are those of the folder that CEL_BENCH names, by default
../shared/cel/bench beside the repository.
"""
import json
import os
import pathlib
import subprocess

from harness.bench import Row, say

PEERS = ["cel-expr-python==0.1.3", "common-expression-language==0.10.0", "cel-python==0.5.0"]
RUNNERS = [["bench_cpp.py"], ["bench_rust.py"], ["bench_celpy.py", "--compiled"]]
# How many times as fast as the fastest peer, with the small input.
GOALS = {"metric_gate": 2, "provenance": 2, "fairness": 2}
# Nanoseconds that cel-go took without cost accounting, measured apart on a machine like CI's.
CEL_GO = {"trivial": 135, "metric_gate": 10_500, "provenance": 3_800, "fairness": 48_000, "freshness": 2_400,
          "message": 16_700}
COMPILE_LIMIT = 100_000


def folder():
    named = os.environ.get("CEL_BENCH")
    found = pathlib.Path(named) if named else pathlib.Path(__file__).resolve().parents[3] / "shared/cel/bench"
    return found if (found / "expressions.json").exists() else None


def peers(where, interpreter):
    """The nanoseconds of each peer by expression and input, from data that was prepared before."""
    measured, results = {}, {}
    for runner in RUNNERS:
        say("running " + " ".join(runner))
        output = subprocess.run([interpreter, str(where / runner[0]), *runner[1:]], check=True, capture_output=True,
                                text=True).stdout
        for row in json.loads(output):
            if row.get("eval_prepared"):
                measured.setdefault((row["name"], row["size"]), []).append((row["eval_prepared"][0], row["peer"]))
                results.setdefault((row["name"], row["size"]), []).append((row["peer"], str(row["result"])))
    return measured, results


def row(name, ours, rival, unit, ratio, goal, met):
    return Row(name, ours, unit, rival, "beside", "" if goal.startswith("none:") or goal == "none" else goal, met,
               given_ratio=ratio)


def run(bench):
    where = folder()
    if not where:
        say("SKIPPED cel: CEL_BENCH names no folder of expressions, and there is none beside the repository")
        return []
    say("running headgate-bench")
    output = subprocess.run([bench.tool, "cel", str(where)], check=True, capture_output=True, text=True).stdout
    ours = [json.loads(line) for line in output.splitlines()]
    measured, results = peers(where, str(bench.environment(*PEERS) / "python"))
    rows = []
    for one in ours:
        name = one["name"]
        for size, index in (("small", 0), ("large", 1)):
            same(name, size, one["results"][index], results[name, size])
            for time, peer in sorted(measured[name, size]):
                fastest = time == min(measured[name, size])[0]
                least = GOALS.get(name, 1) if size == "small" else 1
                goal = f">= {least} x as fast" if fastest else "none: not the fastest peer"
                rows.append(row(f"{name}, {size} input, beside {peer}", one[size], time, "ns", time / one[size], goal,
                                not fastest or time / one[size] > least))
        ratio = CEL_GO[name] / one["small"]
        rows.append(row(f"{name}, small input, beside cel-go (measured apart)", one["small"], CEL_GO[name], "ns", ratio,
                        ">= 2 x as fast", ratio > 2))
        rows.append(row(f"{name}, small input, over records beside as declared", one["records"], one["small"], "ns",
                        one["small"] / one["records"], "none", True))
        growth = one["large"] / one["small"]
        rows.append(row(f"{name}, growth of time beside growth of slices", growth, one["growth"], "x",
                        growth / one["growth"], "<= 1.25: linear", growth / one["growth"] <= 1.25))
        rows.append(row(f"{name}, compiling", one["compile"], COMPILE_LIMIT, "ns", one["compile"] / COMPILE_LIMIT,
                        "< 100 µs", one["compile"] < COMPILE_LIMIT))
        goal, met = ("none at all", one["allocations"] == 0) if name == "trivial" else ("none", True)
        rows.append(row(f"{name}, allocations an evaluation", one["allocations"], 0, "calls", 0, goal, met))
    return rows


def same(name, size, own, theirs):
    """Says where a peer answered otherwise: speed on another question is none."""
    own = own.strip("'")
    for peer, result in theirs:
        if result.lower() != own.lower():
            say(f"note: {name}, {size} input: {peer} gives {result}, ours {own}")
