"""Sends inference requests at a constant rate and checks every answer: a load generator as a process of its own.

Prints its counts as a line of JSON four times a second and once at the end; ends by SIGTERM, or after --count
requests. `lost` counts every request without a complete HTTP response, and `wrong` every response that does not belong
to its request.
"""
import argparse
import asyncio
import collections
import json
import random
import signal
import sys
import time
import urllib.parse

WINES = [
    [13.2, 1.78, 2.14, 11.2, 100.0, 2.65, 2.76, 0.26, 1.28, 4.38, 1.05, 3.4, 1050.0],
    [12.37, 0.94, 1.36, 10.6, 88.0, 1.98, 0.57, 0.28, 0.42, 1.95, 1.05, 1.82, 520.0],
    [12.86, 1.35, 2.32, 18.0, 122.0, 1.51, 1.25, 0.21, 0.94, 4.1, 0.76, 1.29, 630.0],
]


class Load:
    def __init__(self, options):
        self.options = options
        address = urllib.parse.urlsplit(options.address)
        self.host, self.port, self.path = address.hostname, address.port, f"{address.path}/v2/models/wine/infer"
        self.sent = self.lost = self.wrong = 0
        self.answers = collections.Counter()
        self.reasons = []
        self.times = collections.deque(maxlen=5000)
        self.users = collections.defaultdict(set)
        self.stop = asyncio.Event()
        self.random = random.Random(options.seed)

    def request(self, number):
        wine = [value * self.random.uniform(0.9, 1.1) for value in self.random.choice(WINES)]
        document = {"id": str(number), "inputs": [{"name": "features", "datatype": "FP64", "shape": [1, 13], "data": wine}]}
        extra = ""
        if self.options.users:
            document["user"] = f"user-{number % self.options.users}"
        for header in self.options.header:
            extra += f"{header}\r\n"
        body = json.dumps(document).encode()
        return document, body, extra

    async def exchange(self, reader, writer, number, keep):
        """One request; gives when its answer was complete and right."""
        document, body, extra = self.request(number)
        head = (f"POST {self.path} HTTP/1.1\r\nhost: {self.host}:{self.port}\r\ncontent-type: application/json\r\n"
                f"{extra}connection: {'keep-alive' if keep else 'close'}\r\ncontent-length: {len(body)}\r\n\r\n")
        writer.write(head.encode() + body)
        await writer.drain()
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        status = int(head[0].split(" ", 2)[1])
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        answer = await reader.readexactly(int(fields["content-length"]))
        version = fields.get("x-headgate-version", "-")
        self.answers[(version, status)] += 1
        # The protocol lets a server leave the id out.
        if status == 200 and json.loads(answer).get("id", document["id"]) != document["id"]:
            self.wrong += 1
        if "user" in document:
            self.users[document["user"]].add(version)
        return fields.get("connection", "").lower() != "close"

    async def work(self, index):
        """One caller: every second one keeps its connection."""
        keep = index % 2 == 0
        interval = self.options.connections / self.options.rate if self.options.rate else 0
        next_time = time.monotonic() + interval * index / self.options.connections
        connection = None
        while not self.stop.is_set() and (not self.options.count or self.sent < self.options.count):
            if interval:
                await asyncio.sleep(max(0, next_time - time.monotonic()))
                next_time = max(next_time + interval, time.monotonic())
                if self.stop.is_set():
                    break
            number = self.sent
            self.sent += 1
            started = time.monotonic()
            try:
                async with asyncio.timeout(self.options.timeout):
                    if connection is None:
                        connection = await asyncio.open_connection(self.host, self.port)
                    stays = await self.exchange(*connection, number, keep)
                self.times.append(time.monotonic() - started)
            except (OSError, EOFError, ValueError, TimeoutError, KeyError) as error:
                self.lost += 1
                self.reasons.append(repr(error))
                stays = False
            if connection and not (keep and stays):
                connection[1].close()
                connection = None

    def report(self):
        times = sorted(self.times)
        answers = {}
        for (version, status), count in self.answers.items():
            answers.setdefault(version, {})[str(status)] = count
        print(json.dumps({
            "sent": self.sent, "lost": self.lost, "wrong": self.wrong, "answers": answers, "reasons": self.reasons[:5],
            "p50": times[len(times) // 2] if times else None, "p99": times[len(times) * 99 // 100] if times else None,
            "users": {user: sorted(versions) for user, versions in self.users.items()}}), flush=True)

    async def run(self):
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self.stop.set)
        workers = [asyncio.create_task(self.work(index)) for index in range(self.options.connections)]
        pending = set(workers)
        while pending:
            _, pending = await asyncio.wait(pending, timeout=0.25)
            self.report()
        for worker in workers:
            worker.result()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address")
    parser.add_argument("--rate", type=float, default=100, help="requests a second, all callers together; 0 for as fast as it goes")
    parser.add_argument("--connections", type=int, default=8, help="callers; every second one keeps its connection")
    parser.add_argument("--count", type=int, default=0, help="ends after so many requests")
    parser.add_argument("--timeout", type=float, default=60, help="seconds after which a request without an answer is lost")
    parser.add_argument("--users", type=int, default=0, help="adds a field user with one of so many values")
    parser.add_argument("--header", action="append", default=[], help="adds a header, such as 'x-group: beta'")
    parser.add_argument("--seed", type=int, default=1)
    asyncio.run(Load(parser.parse_args()).run())


if __name__ == "__main__":
    sys.exit(main())
