"""Serves the model by the Open Inference Protocol: ready, and infer.

What is wrong with a package shows here: `errors` answers every fifth request 500, `slow` takes half a second,
`crash` ends the process after 40 requests, `hang` answers no more after 40, `mute` neither, but says that it is ready,
`late` starts after 5 seconds and `never` is never ready.
"""
import argparse
import asyncio
import json
import math
import os
import pathlib
import signal
import sys
import time

parser = argparse.ArgumentParser()
parser.add_argument("--model", required=True)
parser.add_argument("--port", type=int, required=True)
arguments = parser.parse_args()
model = json.loads((pathlib.Path(arguments.model) / "model.json").read_text())
fault = model["fault"]
served = 0
busy = set()


def scores(features):
    scaled = [(value - mean) / spread for value, mean, spread in zip(features, model["means"], model["spreads"])]
    sums = [sum(w * x for w, x in zip(weights, scaled)) + bias for weights, bias in zip(model["weights"], model["biases"])]
    powers = [math.exp(value - max(sums)) for value in sums]
    return [power / sum(powers) for power in powers]


async def infer(body):
    global served
    served += 1
    if fault == "errors" and served % 5 == 0:
        return 500, {"error": "the feature store has no such row"}
    if fault == "slow":
        await asyncio.sleep(0.5)
    if fault == "crash" and served > 40:
        os._exit(3)
    if fault in ("hang", "mute") and served > 40:
        await asyncio.sleep(3600)
    try:
        request = json.loads(body)
        found = scores(request["inputs"][0]["data"])
    except (KeyError, IndexError, TypeError, ValueError) as error:
        return 400, {"error": str(error)}
    label = found.index(max(found))
    outputs = [{"name": "class", "datatype": "INT64", "shape": [1], "data": [label]},
               {"name": "probability", "datatype": "FP64", "shape": [3], "data": found}]
    return 200, {"id": request.get("id"), "model_name": "wine", "outputs": outputs}


async def answer(method, path, body):
    if path == "/v2/health/ready":
        if fault == "never":
            return 503, {"ready": False}
        if fault == "hang" and served > 40:
            await asyncio.sleep(3600)
        return 200, {"ready": True}
    if path == "/selftest":
        # What a package says of itself before anybody uses it: the known answers of three wines.
        known = [([13.2, 1.78, 2.14, 11.2, 100.0, 2.65, 2.76, 0.26, 1.28, 4.38, 1.05, 3.4, 1050.0], 0),
                 ([12.37, 0.94, 1.36, 10.6, 88.0, 1.98, 0.57, 0.28, 0.42, 1.95, 1.05, 1.82, 520.0], 1),
                 ([12.86, 1.35, 2.32, 18.0, 122.0, 1.51, 1.25, 0.21, 0.94, 4.1, 0.76, 1.29, 630.0], 2)]
        right = sum(scores(features).index(max(scores(features))) == label for features, label in known)
        return 200, {"right": 0 if fault == "errors" else right}
    if method == "POST" and path == "/v2/models/wine/infer":
        return await infer(body)
    return 404, {"error": f"no {path}"}


async def connected(reader, writer):
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            busy.add(writer)
            method, path, _ = head[0].split(" ", 2)
            fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
            body = await reader.readexactly(int(fields.get("content-length", 0)))
            status, document = await answer(method, path, body)
            data = json.dumps(document).encode()
            writer.write(
                f"HTTP/1.1 {status} .\r\ncontent-type: application/json\r\ncontent-length: {len(data)}\r\n\r\n".encode()
                + data)
            await writer.drain()
            busy.discard(writer)
            if fields.get("connection", "").lower() == "close":
                break
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        busy.discard(writer)
        writer.close()


async def main():
    if fault == "late":
        time.sleep(5)
    server = await asyncio.start_server(connected, "127.0.0.1", arguments.port, backlog=256)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    print(f"serving on port {arguments.port}", file=sys.stderr, flush=True)
    await stop.wait()
    server.close()
    while busy:
        await asyncio.sleep(0.01)


asyncio.run(main())
