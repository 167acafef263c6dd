"""Measures Headgate beside its rivals, on one machine in one run.

Each file in cases/ is a benchmark, named after it: its docstring says what it measures, PACKAGES names the Debian
packages that it needs, and run(bench) gives its rows. Ends with 0 when every goal is met, 1 when one is missed.
"""
import argparse
import importlib
import json
import pathlib
import shutil
import signal
import sys
import tempfile

from harness.bench import Bench


def load():
    names = sorted(path.stem for path in (pathlib.Path(__file__).parent / "cases").glob("*.py"))
    return {name: importlib.import_module(f"cases.{name}") for name in names}


def main():
    known = load()
    width = max(map(len, known))
    listing = "\n".join(f"  {name:{width}}  {case.__doc__.strip().splitlines()[0]}" for name, case in known.items())
    parser = argparse.ArgumentParser(
        prog="Benchmarks/run", description=f"{__doc__.splitlines()[0]}\n\nbenchmarks:\n{listing}",
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="which to run; by default all")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--headgate", help=argparse.SUPPRESS)
    parser.add_argument("--packages", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    for name in options.names:
        if name not in known:
            parser.error(f"there is no benchmark {name}: known are {', '.join(known)}")
    chosen = options.names or list(known)
    if options.packages:
        for package in sorted({package for name in chosen for package in getattr(known[name], "PACKAGES", ())}):
            print(package)
        return 0
    # What was started is stopped on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    missed = False
    for name in chosen:
        folder = pathlib.Path(tempfile.mkdtemp(prefix=f"headgate-bench-{name}-"))
        try:
            for row in known[name].run(Bench(options.headgate, folder)):
                print(json.dumps({"benchmark": name, **row.members}) if options.json else row.text, flush=True)
                missed |= row.met is False
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
