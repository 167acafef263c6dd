"""Splits the wine data into a training and a test part, the same way every time."""
import argparse
import csv
import pathlib

import numpy
from sklearn.model_selection import train_test_split

parser = argparse.ArgumentParser()
parser.add_argument("--test-share", type=float, required=True)
arguments = parser.parse_args()

with open("data/wine.csv", newline="") as file:
    rows = list(csv.DictReader(file))
features = [name for name in rows[0] if name != "class"]
x = numpy.array([[float(row[name]) for name in features] for row in rows])
y = numpy.array([int(row["class"]) for row in rows])

train_x, test_x, train_y, test_y = train_test_split(
    x, y, test_size=arguments.test_share, random_state=7, stratify=y)
out = pathlib.Path("prepared")
out.mkdir(exist_ok=True)
numpy.savez(out / "train.npz", x=train_x, y=train_y)
numpy.savez(out / "test.npz", x=test_x, y=test_y)
print(f"{len(rows)} wines, {len(features)} features: {len(train_y)} to train on, {len(test_y)} to test on")
