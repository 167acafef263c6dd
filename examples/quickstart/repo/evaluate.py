"""Measures the model on the test part."""
import json

import joblib
import numpy
from sklearn.metrics import accuracy_score, f1_score, log_loss

data = numpy.load("prepared/test.npz")
model = joblib.load("model/model.joblib")
predicted = model.predict(data["x"])
metrics = {
    "accuracy": round(float(accuracy_score(data["y"], predicted)), 4),
    "log_loss": round(float(log_loss(data["y"], model.predict_proba(data["x"]))), 4),
    "macro_f1": round(float(f1_score(data["y"], predicted, average="macro")), 4),
}
with open("metrics.json", "w") as file:
    json.dump(metrics, file)
print(metrics)
