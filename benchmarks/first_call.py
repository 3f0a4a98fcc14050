"""What TLS costs before the first byte, side by side in one run: the first HTTPS call of a process, and each context.

    python -m benchmarks.first_call [--runs 15] [--python PATH ...]

Each sample is a process of its own, in turns without and with the layer, and finds no directory of CA certificates
made by an earlier one: a cold start. The bundle is certifi's and one more. CPU time is the client's own.
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

ROOT = Path(__file__).resolve().parents[1]

# What is imported before the clock runs, and what is timed.
CALLS = {
    "http.client": (
        "import http.client",
        "c = http.client.HTTPSConnection(address); c.request('GET', '/'); c.getresponse().read()",
    ),
    "urlopen": ("import urllib.request", "urllib.request.urlopen(url).read()"),
    "urllib3": ("import urllib3", "urllib3.PoolManager().request('GET', url)"),
    "requests": ("import requests", "requests.get(url)"),
    "httpx": ("import httpx", "httpx.get(url, verify=bundle)"),
    "first context": ("import ssl", "ssl.create_default_context()"),
    "later context": ("import ssl; ssl.create_default_context()", "ssl.create_default_context()"),
    "100 contexts": ("import ssl", "kept = [ssl.create_default_context() for _ in range(100)]"),
}

PROGRAM = """
import json, os, resource, sys, time, warnings
url, bundle = os.environ["TARGET_URL"] + "/", os.environ["SSL_CERT_FILE"]
address = url.split("/")[2]
warnings.simplefilter("ignore")
{imports}
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
wall, cpu = time.perf_counter(), time.process_time()
{call}
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory
print(json.dumps([wall * 1000, cpu * 1000, memory]))
"""


def sample(python: str, name: str, environ: dict[str, str]) -> list[float]:
    """Wall and CPU time in milliseconds and memory in KiB that the call takes in a fresh process."""
    imports, call = CALLS[name]
    with tempfile.TemporaryDirectory() as directory:
        environ = {**environ, "KEEPALIVE_RUNTIME_DIR": directory}
        program = PROGRAM.format(imports=imports, call=call)
        result: list[float] = json.loads(subprocess.check_output([python, "-c", program], env=environ, text=True))
    return result


def measure(python: str, name: str, runs: int, variants: dict[str, dict[str, str]]) -> None:
    """Print one line for the call."""
    samples: dict[str, list[list[float]]] = {variant: [] for variant in variants}
    for turn in range(runs):
        for variant in sorted(variants, reverse=bool(turn % 2)):
            samples[variant].append(sample(python, name, variants[variant]))
    line = f"{name:16}"
    for kind in range(3):
        for variant in variants:
            line += f"{statistics.median(taken[kind] for taken in samples[variant]):10.{2 if kind < 2 else 0}f}"
        if kind < 2:
            pairs = zip(samples["layer"], samples["bare"], strict=True)
            line += f"{statistics.median(layer[kind] / bare[kind] for layer, bare in pairs):8.2f}"
    print(line, flush=True)


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description="Time first HTTPS calls and TLS contexts without and with the layer.")
    parser.add_argument("--call", action="append", choices=CALLS, help="repeatable; all if not given")
    parser.add_argument("--runs", type=int, default=15, help="default: %(default)s")
    parser.add_argument("--python", action="append", help="an interpreter that has the clients; repeatable")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory, OriginProcess(Path(directory), roots=certifi.where()) as origin:
        bare = {name: value for name, value in os.environ.items() if not name.startswith(("KEEPALIVE_", "PYTHON"))}
        bare |= {"TARGET_URL": origin.url}
        bare |= dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"), str(origin.bundle))
        layer = {"PYTHONPATH": str(ROOT / "layer" / "lambda-keepalive" / "python"), "KEEPALIVE_LOOPBACK": "1"}
        variants = {"bare": bare, "layer": {**bare, **layer}}
        for python in options.python or [sys.executable]:
            version = subprocess.check_output([python, "-V"], text=True).strip()
            print(f"\n{version}, {platform.machine()}, medians of {options.runs} fresh processes each")
            print(f"{'':16}{'wall, ms':>28}{'CPU, ms':>28}{'memory, KiB':>20}")
            print(f"{'':16}" + f"{'without':>10}{'with':>10}{'ratio':>8}" * 2 + f"{'without':>10}{'with':>10}")
            for name in options.call or CALLS:
                measure(python, name, options.runs, variants)


if __name__ == "__main__":
    main()
