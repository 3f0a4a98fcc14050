"""The first call of a cold start, without the layer, with it, and with KEEPALIVE_PRECONNECT, beside a warm call.

    python -m benchmarks.preconnect [--runs 15] [--answer 0 --answer 10] [--client NAME ...]

Each sample is a process of its own, in turns: the client is imported, the runtime asks for its first invocation (where
the connections are opened, timed as `init`), and then come one first call and twenty warm ones, of which the median
counts. The origin speaks TLS on loopback and takes `--answer` milliseconds to answer, as a network and a service would;
connecting is as fast as loopback in any case, so what is saved here is the least.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import certifi

from tests.support.origin import OriginProcess

LAYER = Path(__file__).resolve().parents[1] / "layer" / "lambda-keepalive" / "python"

# What the module of a function imports, and a careless call.
CLIENTS = {
    "http.client": (
        "import http.client",
        "c = http.client.HTTPSConnection(address); c.request('GET', path); c.getresponse().read(); c.close()",
    ),
    "urlopen": ("import urllib.request", "urllib.request.urlopen(url).read()"),
    "urllib3": ("import urllib3", "urllib3.PoolManager().request('GET', url)"),
    "requests": ("import requests", "requests.get(url)"),
    "httpx": ("import httpx", "httpx.get(url)"),
}

PROGRAM = """
import json, os, sys, time
import awslambdaric.lambda_runtime_client
{imports}
url = os.environ["TARGET_URL"] + os.environ["TARGET_PATH"]
address, path = url.split("/")[2], os.environ["TARGET_PATH"]

def timed(function):
    started = time.perf_counter()
    function()
    return (time.perf_counter() - started) * 1000

def call():
    {call}

def ready():
    if "lambda_keepalive" in sys.modules:
        from lambda_keepalive import lifecycle
        lifecycle.waiting()

init = timed(ready)
first = timed(call)
warm = sorted(timed(call) for _ in range(20))[10]
print(json.dumps([init, first, warm]))
"""

VARIANTS = ("without", "layer", "preconnect")


def sample(name: str, variant: str, environ: dict[str, str]) -> list[float]:
    """Milliseconds of init, the first call and a warm one, in a fresh process."""
    imports, call = CLIENTS[name]
    if variant != "without":
        environ = {**environ, "PYTHONPATH": str(LAYER), "KEEPALIVE_LOOPBACK": "1", "KEEPALIVE_METRICS": "off"}
    if variant == "preconnect":
        environ = {**environ, "KEEPALIVE_PRECONNECT": environ["TARGET_URL"]}
    program = PROGRAM.format(imports=imports, call=call)
    times: list[float] = json.loads(subprocess.check_output([sys.executable, "-c", program], env=environ, text=True))
    return times


def measure(name: str, runs: int, environ: dict[str, str]) -> None:
    """Print one line for the client."""
    samples: dict[str, list[list[float]]] = {variant: [] for variant in VARIANTS}
    sample(name, "layer", environ)
    for turn in range(runs):
        for variant in VARIANTS[:: -1 if turn % 2 else 1]:
            samples[variant].append(sample(name, variant, environ))
    line = f"{name:12}"
    for variant in VARIANTS:
        line += f"{statistics.median(first for _, first, _ in samples[variant]):12.2f}"
    ready = samples["preconnect"]
    line += f"{statistics.median(warm for _, _, warm in ready):12.2f}"
    line += f"{statistics.median(first / warm for _, first, warm in ready):12.2f}"
    line += f"{statistics.median(init for init, _, _ in ready):12.2f}"
    print(line, flush=True)


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description="Time the first call of a cold start with and without pre-connect.")
    parser.add_argument("--client", action="append", choices=CLIENTS, help="repeatable; all if not given")
    parser.add_argument(
        "--answer", action="append", type=int, help="ms until the origin answers (0 and 10); repeatable"
    )
    parser.add_argument("--runs", type=int, default=15, help="default: %(default)s")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory, OriginProcess(Path(directory), roots=certifi.where()) as origin:
        environ = {name: value for name, value in os.environ.items() if not name.startswith(("KEEPALIVE_", "PYTHON"))}
        environ |= {"TARGET_URL": origin.url, "KEEPALIVE_RUNTIME_DIR": f"{directory}/runtime"}
        environ |= dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"), str(origin.bundle))
        print(
            f"Python {platform.python_version()}, {platform.machine()}, medians of {options.runs} fresh processes each"
        )
        for answer in options.answer or (0, 10):
            print(
                f"\nms; the origin answers after {answer} ms\n{'':12}{'first call':>36}{'warm':>12}{'first/warm':>12}"
            )
            print(f"{'':12}" + "".join(f"{head:>12}" for head in (*VARIANTS, "preconnect", "preconnect", "init")))
            for name in options.client or CLIENTS:
                measure(name, options.runs, {**environ, "TARGET_PATH": f"/slow/{answer}" if answer else "/bytes/98"})


if __name__ == "__main__":
    main()
