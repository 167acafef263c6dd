"""Trains a softmax regression on the wine data by gradient descent, in plain Python."""
import argparse
import csv
import json
import math
import pathlib

CLASSES = 3


def read(part, width=None):
    """Rows as (features, class) with as many features as asked for; every fourth row is for testing."""
    with open("data/wine.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    names = [name for name in rows[0] if name != "class"]
    chosen = [row for index, row in enumerate(rows) if (index % 4 == 0) == (part == "test")]
    return [([float(row[name]) for name in names[:width]], int(row["class"])) for row in chosen]


def scores(model, features):
    """The probability of each class."""
    scaled = [(value - mean) / spread for value, mean, spread in zip(features, model["means"], model["spreads"])]
    sums = [sum(w * x for w, x in zip(weights, scaled)) + bias for weights, bias in zip(model["weights"], model["biases"])]
    powers = [math.exp(value - max(sums)) for value in sums]
    return [power / sum(powers) for power in powers]


def train(rows, epochs, rate=0.05):
    columns = list(zip(*(features for features, _ in rows)))
    means = [sum(column) / len(column) for column in columns]
    spreads = [math.sqrt(sum((x - mean) ** 2 for x in column) / len(column)) for column, mean in zip(columns, means)]
    model = {"means": means, "spreads": spreads, "weights": [[0.0] * len(means) for _ in range(CLASSES)],
             "biases": [0.0] * CLASSES}
    for _ in range(epochs):
        for features, label in rows:
            scaled = [(value - mean) / spread for value, mean, spread in zip(features, means, spreads)]
            for index, probability in enumerate(scores(model, features)):
                error = probability - (index == label)
                model["biases"][index] -= rate * error
                model["weights"][index] = [w - rate * error * x for w, x in zip(model["weights"][index], scaled)]
    return model


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--features", type=int, required=True, help="how many of the 13 it may look at")
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--fault", default="none", help="what is wrong with the package, which no metric can see")
    arguments = parser.parse_args()
    rows = read("train", arguments.features)
    model = train(rows, arguments.epochs)
    model["fault"] = arguments.fault
    out = pathlib.Path("model")
    out.mkdir(exist_ok=True)
    (out / "model.json").write_text(json.dumps(model))
    print(f"trained on {len(rows)} wines and {arguments.features} features, {arguments.epochs} times over")
