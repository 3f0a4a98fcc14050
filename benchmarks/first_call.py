"""What TLS costs before the first byte, side by side in one run: the first HTTPS call of a process, and each context.

    python -m benchmarks.first_call [--runs 15] [--python PATH ...]

Each sample is a process of its own, in turns without the layer, with it in an empty sandbox (cold: it makes the
directory of the CA bundle first), and with it where an earlier process has made that directory (warm). The bundle is
certifi's and one more. CPU time is the client's own.
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


VARIANTS = ("bare", "cold", "warm")


def sample(python: str, name: str, variant: str, environ: dict[str, str]) -> list[float]:
    """Wall and CPU time in milliseconds and memory in KiB that the call takes in a fresh process."""
    imports, call = CALLS[name]
    program = PROGRAM.format(imports=imports, call=call)
    if variant != "bare":
        environ = {**environ, "PYTHONPATH": str(LAYER), "KEEPALIVE_LOOPBACK": "1"}
    if variant == "cold":
        # Removed with all the others at the end: a sandbox has a fresh file system, and on one that has just lost many
        # files making new ones may take ext4 twenty times as long.
        empty = tempfile.mkdtemp(dir=os.path.dirname(environ["KEEPALIVE_RUNTIME_DIR"]))
        environ = {**environ, "KEEPALIVE_RUNTIME_DIR": empty}
    result: list[float] = json.loads(subprocess.check_output([python, "-c", program], env=environ, text=True))
    return result


def measure(python: str, name: str, runs: int, environ: dict[str, str]) -> None:
    """Print one line for the call."""
    samples: dict[str, list[list[float]]] = {variant: [] for variant in VARIANTS}
    sample(python, name, "warm", environ)
    for turn in range(runs):
        for variant in VARIANTS[:: -1 if turn % 2 else 1]:
            samples[variant].append(sample(python, name, variant, environ))
    line = f"{name:16}"
    for kind in (0, 1):
        for variant in VARIANTS:
            line += f"{statistics.median(taken[kind] for taken in samples[variant]):8.1f}"
        for variant in VARIANTS[1:]:
            pairs = zip(samples[variant], samples["bare"], strict=True)
            line += f"{statistics.median(layer[kind] / bare[kind] for layer, bare in pairs):8.2f}"
    for variant in ("bare", "warm"):
        line += f"{statistics.median(taken[2] for taken in samples[variant]):10.0f}"
    print(line, flush=True)


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description="Time first HTTPS calls and TLS contexts without and with the layer.")
    parser.add_argument("--call", action="append", choices=CALLS, help="repeatable; all if not given")
    parser.add_argument("--runs", type=int, default=15, help="default: %(default)s")
    parser.add_argument("--python", action="append", help="an interpreter that has the clients; repeatable")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory, OriginProcess(Path(directory), roots=certifi.where()) as origin:
        environ = {name: value for name, value in os.environ.items() if not name.startswith(("KEEPALIVE_", "PYTHON"))}
        environ |= {"TARGET_URL": origin.url, "KEEPALIVE_RUNTIME_DIR": f"{directory}/runtime"}
        environ |= dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"), str(origin.bundle))
        for python in options.python or [sys.executable]:
            version = subprocess.check_output([python, "-V"], text=True).strip()
            print(f"\n{version}, {platform.machine()}, medians of {options.runs} fresh processes each")
            print(f"{'':16}{'wall, ms':>24}{'ratios':>16}{'CPU, ms':>24}{'ratios':>16}{'memory, KiB':>20}")
            heads = f"{'without':>8}{'cold':>8}{'warm':>8}{'cold':>8}{'warm':>8}"
            print(f"{'':16}{heads * 2}{'without':>10}{'warm':>10}")
            for name in options.call or CALLS:
                measure(python, name, options.runs, environ)


if __name__ == "__main__":
    main()
