"""Serves the model by the Open Inference Protocol: health, metadata and infer."""
import argparse
import json
import pathlib
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import joblib
import numpy

parser = argparse.ArgumentParser()
parser.add_argument("--model", required=True)
parser.add_argument("--port", type=int, required=True)
arguments = parser.parse_args()
model = joblib.load(pathlib.Path(arguments.model) / "model.joblib")
NAME = "wine"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body are two writes; without this the second waits for an acknowledgement.
    disable_nagle_algorithm = True

    def answer(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path in ("/v2/health/ready", "/v2/health/live"):
            self.answer(200, {"ready": True})
        elif self.path == f"/v2/models/{NAME}":
            inputs = [{"name": "features", "datatype": "FP64", "shape": [-1, model.n_features_in_]}]
            outputs = [{"name": "class", "datatype": "INT64", "shape": [-1]}]
            self.answer(200, {"name": NAME, "platform": "sklearn", "inputs": inputs, "outputs": outputs})
        else:
            self.answer(404, {"error": f"no {self.path}"})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path != f"/v2/models/{NAME}/infer":
            return self.answer(404, {"error": f"no {self.path}"})
        try:
            request = json.loads(body)["inputs"][0]
            x = numpy.array(request["data"], dtype=float).reshape(request["shape"])
            predicted = [int(value) for value in model.predict(x)]
        except (KeyError, IndexError, TypeError, ValueError) as error:
            return self.answer(400, {"error": str(error)})
        output = {"name": "class", "datatype": "INT64", "shape": [len(predicted)], "data": predicted}
        self.answer(200, {"model_name": NAME, "outputs": [output]})

    def log_message(self, format, *values):
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True


server = Server(("127.0.0.1", arguments.port), Handler)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
print(f"serving on port {arguments.port}", file=sys.stderr, flush=True)
server.serve_forever()
