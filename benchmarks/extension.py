"""What the extension costs: start, memory, size and CPU, beside an empty program.

    python -m benchmarks.extension [--rounds 200]

Both binaries are built by extension/build.py, started in turns in one run, in a
network of their own where root allows it, so that other programs' sockets do not
count. Times on a shared machine vary; the ratios vary less.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import socket
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from tests.extension.network import enter
from tests.extension.stub import REGISTERED, shutdown_event

ROOT = Path(__file__).resolve().parents[1]

ARCH = {"x86_64": "x86_64", "aarch64": "arm64"}[platform.machine()]

EMPTY = """\
pub fn main() void {}
pub const std_options_debug_threaded_io = null;
"""
"""The floor: what it takes to start and end any static binary."""

RECORD = (
    b"LKA1 end id=8f507cfc-0000-4697-b07a-ac58fc914c95 pid=12 t=1700000000000 cold=0 runtime=python3.12 "
    b"init=on-demand version=0.1.0 RequestsSent=3 ConnectionsOpened=0 ConnectionsReused=3 StaleConnections=0 "
    b"ConnectTime=0 ConnectTimeSaved=37.5 ConnectionsIdle=1 ConnectionsDiscarded=0 RequestsReplayed=0 "
    b"ConnectErrors=0 TlsHandshakes=0 host=https://api.example.com:443,3,0,3,0,0\n"
)


def build_module() -> ModuleType:
    """extension/build.py as a module."""
    specification = importlib.util.spec_from_file_location("extension_build", ROOT / "extension" / "build.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@dataclass
class Run:
    """One life of the extension; times are perf_counter seconds."""

    pid: int
    started: float
    registration: float
    """The registration has been received."""
    registered: float
    """It has been answered and the wait for an event received."""
    connection: socket.socket
    output: int
    writer: int

    def end(self) -> float:
        """Send SHUTDOWN; seconds until the process is gone."""
        begun = time.perf_counter()
        self.connection.sendall(shutdown_event("spindown"))
        os.waitpid(self.pid, 0)
        return time.perf_counter() - begun


@contextmanager
def running(binary: Path, directory: Path) -> Iterator[Run]:
    """Start the extension and bring it to where it waits. It is ended by the caller."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        reading, writing = os.pipe()
        environment = {
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{listener.getsockname()[1]}",
            "AWS_LAMBDA_FUNCTION_NAME": "demo",
            "KEEPALIVE_RUNTIME_DIR": str(directory),
        }
        started = time.perf_counter()
        pid = spawn(binary, environment, writing)
        connection, _ = listener.accept()
        connection.recv(4096)
        registration = time.perf_counter()
        connection.sendall(REGISTERED)
        connection.recv(4096)
        registered = time.perf_counter()
        os.close(writing)
        writer = os.open(directory / "records", os.O_WRONLY | os.O_NONBLOCK)
        try:
            yield Run(pid, started, registration, registered, connection, reading, writer)
        finally:
            for descriptor in (reading, writer):
                os.close(descriptor)
            connection.close()


def spawn(binary: Path, environment: dict[str, str], output: int) -> int:
    """The process id of `binary`, started with its standard output on `output`."""
    actions = [(os.POSIX_SPAWN_DUP2, output, 1)]
    return os.posix_spawn(binary, [str(binary)], environment, file_actions=actions)


def time_of_empty(binary: Path) -> float:
    """Seconds from starting the empty program to its end."""
    started = time.perf_counter()
    os.waitpid(spawn(binary, {}, 1), 0)
    return time.perf_counter() - started


def cpu_per_record(run: Run, count: int, between: Callable[[], None]) -> float:
    """Seconds of CPU, system calls included, from the write of a record to its line.

    `between` is called before each; every record wakes the extension anew.
    """
    before = cpu_seconds(run.pid)
    for _ in range(count):
        between()
        os.write(run.writer, RECORD)
        json.loads(os.read(run.output, 4096))
    return (cpu_seconds(run.pid) - before) / count


def toggle(extra: list[socket.socket]) -> None:
    """Open one more socket if there is none, else close it: the kernel's summary changes each time."""
    if extra:
        extra.pop().close()
    else:
        extra.append(socket.create_server(("127.0.0.1", 0)))


def cpu_seconds(pid: int) -> float:
    """CPU time of a process so far, from the scheduler's own account."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def resident_kilobytes(pid: int) -> int:
    """Rss of /proc/<pid>/smaps_rollup."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Rss:"):
            return int(line.split()[1])
    raise LookupError("no Rss")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=200, help="starts of each binary, and records (200)")
    rounds = parser.parse_args().rounds
    try:
        enter()
        # The kernel sizes the table that a walk of /proc/net/tcp goes through by the machine's
        # memory. A sandbox of 256 MB has this many buckets; they are set for the next namespace.
        Path("/proc/sys/net/ipv4/tcp_child_ehash_entries").write_text("2048")
        enter()
        place = "in a network namespace of its own, with the hash table of a 256 MB sandbox"
    except PermissionError:
        place = "in this machine's network (no root): its other sockets count too"
    with tempfile.TemporaryDirectory() as name:
        measure(Path(name), rounds, place)


def measure(directory: Path, rounds: int, place: str) -> None:
    """Build, run and print."""
    build = build_module()
    sizes: dict[str, int] = {}
    for arch in build.TARGETS:
        build.compile_binary(arch, directory / arch / "lambda-keepalive")
        sizes[arch] = (directory / arch / "lambda-keepalive").stat().st_size
    (directory / "empty.zig").write_text(EMPTY)
    build.compile_binary(ARCH, directory / "empty", directory / "empty.zig")

    binary = directory / ARCH / "lambda-keepalive"
    # Before the starts, whose connections stay in TIME_WAIT and would be walked over, 1 us each.
    with running(binary, directory / "run") as run:
        quiet = cpu_per_record(run, rounds, lambda: None)
        extra: list[socket.socket] = []
        changing = cpu_per_record(run, rounds - rounds % 2, lambda: toggle(extra))
        resident = resident_kilobytes(run.pid)
        run.end()
    empty, registration, registered, end = [], [], [], []
    for _ in range(rounds):
        empty.append(time_of_empty(directory / "empty"))
        with running(binary, directory / "run") as run:
            registration.append(run.registration - run.started)
            registered.append(run.registered - run.started)
            end.append(run.end())

    floor = statistics.median(empty)
    print(f"{rounds} rounds on {ARCH}, {place}\n")
    print(f"{'':44}{'median':>10}{'p90':>10}{'x empty':>10}{'target':>12}")
    for label, times, target in (
        ("empty static binary: exec to exit", empty, ""),
        ("extension: exec to registration received", registration, ""),
        ("extension: exec to registered and waiting", registered, "<= 0.5 ms"),
        ("extension: SHUTDOWN to exit", end, ""),
    ):
        median, p90 = statistics.median(times), statistics.quantiles(times, n=10)[-1]
        print(f"{label:44}{median * 1e3:7.3f} ms{p90 * 1e3:7.3f} ms{median / floor:10.2f}{target:>12}")
    for label, value, target in (
        ("CPU per record, sockets as before", f"{quiet * 1e6:.1f} us", "<= 50 us"),
        ("CPU per record, another socket each time", f"{changing * 1e6:.1f} us", ""),
        ("resident memory (Rss of smaps_rollup)", f"{resident} kB", "<= 100 kB"),
        *((f"size, {arch}", f"{size} B", "<= 25000 B") for arch, size in sizes.items()),
    ):
        print(f"{label:44}{value:>10}{'':20}{target:>12}")


if __name__ == "__main__":
    main()
