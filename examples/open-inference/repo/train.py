"""Trains a classifier of irises; a fault writes a file that no server can load."""
import argparse
import json
import pathlib

import joblib
from sklearn.datasets import load_iris
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier

parser = argparse.ArgumentParser()
parser.add_argument("--neighbours", type=int)
parser.add_argument("--fault")
options = parser.parse_args()

x, y = load_iris(return_X_y=True)
x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.4, random_state=1, stratify=y)
model = KNeighborsClassifier(options.neighbours).fit(x_train, y_train)
pathlib.Path("model").mkdir()
if options.fault == "corrupt":
    pathlib.Path("model/model.joblib").write_text("not a model")
else:
    joblib.dump(model, "model/model.joblib")
pathlib.Path("metrics.json").write_text(json.dumps({"accuracy": model.score(x_test, y_test)}))
