"""What other layers add to the start of a Python function, beside this one, with their real packages.

    python -m benchmarks.neighbours [--runs 15] [--chart FILE] [--memory-chart FILE]

A start is what happens before the first invocation: the runtime's client (awslambdaric), what the other layer loads
and does, and the function's module. Wall time, CPU time and peak memory more than without any of them, medians of runs
in turns. The packages (groups `neighbours` and `clients` of pyproject.toml) are installed into .work/neighbours on
first use: ddtrace would take part in every test run that finds it. Their exporters and agents are not started, so that
theirs is a lower bound.
"""

import argparse
import hashlib
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.startup import LAYER, ROOT

# What each does before the function's module is imported, as the wrapper or handler of its layer does it.
NEIGHBOURS = {
    "nothing": "",
    "lambda-keepalive": "",  # by PYTHONPATH
    "Powertools": """
from aws_lambda_powertools import Logger, Metrics, Tracer
Logger(service="function"), Metrics(namespace="function", service="function"), Tracer(service="function")
""",
    "OpenTelemetry": """
from importlib.metadata import entry_points
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
trace.set_tracer_provider(TracerProvider())
for point in entry_points(group="opentelemetry_instrumentor"):
    point.load()().instrument()
""",
    "Datadog": "import datadog_lambda.handler",
}
FUNCTIONS = {"imports nothing": "", "imports boto3 and requests": "import boto3, requests\n"}
ENVIRON = {
    "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false",
    "DD_REMOTE_CONFIGURATION_ENABLED": "false",
    "DD_LAMBDA_HANDLER": "function.handler",
}


def interpreter() -> Path:
    """A Python that has the packages."""
    directory = ROOT / ".work" / "neighbours"
    marker = directory / "made-from"
    made_from = hashlib.sha256((ROOT / "pyproject.toml").read_bytes() + sys.version.encode()).hexdigest()
    python = directory / "bin" / "python"
    if not marker.exists() or marker.read_text() != made_from:
        uv = [sys.executable, "-m", "uv"]
        subprocess.run([*uv, "venv", "--quiet", "--clear", "--python", sys.executable, directory], check=True)
        groups = ["--group", "neighbours", "--group", "clients"]
        subprocess.run([*uv, "pip", "install", "--quiet", "--python", python, *groups], cwd=ROOT, check=True)
        marker.write_text(made_from)
    return python


def start(python: Path, program: str, environ: dict[str, str]) -> tuple[float, float, float]:
    """One start: milliseconds of wall and of CPU time, peak memory in MiB."""
    began = time.perf_counter()
    # What they say of libraries that are not installed is of no interest.
    process = subprocess.Popen([python, "-c", program], env=environ, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, program)
    return wall * 1000, (usage.ru_utime + usage.ru_stime) * 1000, usage.ru_maxrss / 1024


def measure(python: Path, source: str, runs: int) -> dict[str, tuple[float, float]]:
    """Print the lines of one function; milliseconds and MiB that each neighbour adds."""
    with tempfile.TemporaryDirectory() as directory:
        Path(directory, "function.py").write_text(f"{source}\ndef handler(event, context): pass\n")
        bare = {"PATH": os.environ["PATH"]} | ENVIRON
        samples: dict[str, list[tuple[float, float, float]]] = {name: [] for name in NEIGHBOURS}
        for turn in range(runs + 1):
            for name in sorted(NEIGHBOURS, reverse=bool(turn % 2)):
                program = f"import sys; sys.path.insert(0, {directory!r})\nimport awslambdaric.bootstrap\n"
                program += f"{NEIGHBOURS[name]}\nimport function"
                path = {"PYTHONPATH": str(LAYER / "lambda-keepalive" / "python")} if name == "lambda-keepalive" else {}
                sample = start(python, program, bare | path)
                if turn > 0:  # the first one compiles
                    samples[name].append(sample)
    added_by = {}
    for name, taken in samples.items():
        if name == "nothing":
            wall, cpu, memory = (statistics.median(each) for each in zip(*taken, strict=True))
            print(f"  {name:26}{wall:12.0f}{cpu:12.0f}{memory:12.1f}")
            continue
        pairs = zip(taken, samples["nothing"], strict=True)
        added = [[one - other for one, other in zip(with_it, without, strict=True)] for with_it, without in pairs]
        wall, cpu, memory = (statistics.median(each) for each in zip(*added, strict=True))
        print(f"  {name:26}{wall:+12.1f}{cpu:+12.1f}{memory:+12.1f}", flush=True)
        added_by[name] = wall, memory
    return added_by


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description="Time what layers add to the start of a Python function.")
    parser.add_argument("--runs", type=int, default=15, help="default: %(default)s")
    parser.add_argument("--chart", type=Path, help="draw the milliseconds as an SVG file, too")
    parser.add_argument("--memory-chart", type=Path, help="and the memory")
    options = parser.parse_args()
    python = interpreter()
    print(f"Python {platform.python_version()}, medians of {options.runs} runs in turns")
    print(f"{'':28}{'wall ms':>12}{'CPU ms':>12}{'peak MiB':>12}")
    added = {}
    for name, source in FUNCTIONS.items():
        print(f"a function that {name}")
        added[name] = measure(python, source, options.runs)
    # Not before: a child's peak begins with what its parent holds (Linux, exec_mmap), and this loads matplotlib.
    from benchmarks.charts import draw

    charts = ((options.chart, "milliseconds of wall time"), (options.memory_chart, "MiB of peak memory"))
    for which, (path, unit) in enumerate(charts):
        if path:
            rows = {function: {name: each[which] for name, each in by.items()} for function, by in added.items()}
            draw(path, "What each layer adds to the start of a function", rows, unit)


if __name__ == "__main__":
    main()
