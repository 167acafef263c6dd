"""Trains a random forest on the prepared data."""
import argparse
import pathlib
import time

import joblib
import numpy
from sklearn.ensemble import RandomForestClassifier

parser = argparse.ArgumentParser()
parser.add_argument("--trees", type=int, required=True)
parser.add_argument("--depth", type=int, required=True)
parser.add_argument("--pause", type=float, default=0, help="seconds to wait first, to stand in for a long training")
arguments = parser.parse_args()

print(f"training {arguments.trees} trees of depth {arguments.depth}", flush=True)
for second in range(int(arguments.pause)):
    print(f"waited {second} of {arguments.pause:g} s", flush=True)
    time.sleep(1)
data = numpy.load("prepared/train.npz")
model = RandomForestClassifier(n_estimators=arguments.trees, max_depth=arguments.depth, random_state=7)
model.fit(data["x"], data["y"])
out = pathlib.Path("model")
out.mkdir(exist_ok=True)
joblib.dump(model, out / "model.joblib")
print("trained")
