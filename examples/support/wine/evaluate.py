"""Measures the model on the wines that it was not trained on."""
import json
import pathlib

from train import read, scores

model = json.loads(pathlib.Path("model/model.json").read_text())
rows = read("test")
right = 0
for features, label in rows:
    found = scores(model, features)
    right += found.index(max(found)) == label
accuracy = round(right / len(rows), 4)
pathlib.Path("metrics.json").write_text(json.dumps({"accuracy": accuracy}))
print(f"{right} of {len(rows)} right")
