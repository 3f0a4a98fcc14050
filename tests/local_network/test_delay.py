"""Two networks with a slow line between them."""

from __future__ import annotations

import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from tests.local.delay import DelayLine
from tests.local.delay.line import ROOT as REPOSITORY
from tests.local.required import ROOT, require

DELAY = 0.02


@pytest.fixture
def line() -> Iterator[DelayLine]:
    require(ROOT, "root, to make network namespaces")
    with DelayLine(DELAY) as made:
        yield made


def listen(line: DelayLine) -> socket.socket:
    with line.far.entered():
        return socket.create_server((line.far_address, 0))


def connect(line: DelayLine, server: socket.socket, timeout: float = 10) -> socket.socket:
    with line.near.entered():
        return socket.create_connection(server.getsockname(), timeout=timeout)


def end_of(pid: int) -> int:
    """A descriptor that is readable once the process has ended."""
    return os.pidfd_open(pid)


def test_a_connection_takes_a_round_trip(line: DelayLine) -> None:
    with listen(line) as server:
        began = time.monotonic()
        with connect(line, server):
            assert time.monotonic() - began >= 2 * DELAY


def test_more_than_the_queue_holds_arrives_whole(line: DelayLine) -> None:
    data = os.urandom(4_000_000)
    with listen(line) as server, connect(line, server) as client:
        accepted, _ = server.accept()
        sending = threading.Thread(target=lambda: (client.sendall(data), client.shutdown(socket.SHUT_WR)))
        sending.start()
        with accepted:
            assert b"".join(iter(lambda: accepted.recv(65536), b"")) == data
        sending.join()


def test_dropped_packets_are_lost_in_silence(line: DelayLine) -> None:
    with listen(line) as server, connect(line, server) as client:
        accepted, _ = server.accept()
        with accepted:
            before = line.drop()
            client.sendall(b"question")  # no error: it is only in the kernel's buffer
            with pytest.raises(TimeoutError):
                connect(line, server, timeout=0.1)
            assert select.select([accepted], [], [], 0) == ([], [], [])
            assert line.resume()["lost"] > before["lost"]
            assert accepted.recv(99) == b"question"  # TCP has sent it again


def test_nothing_else_is_in_the_networks(line: DelayLine) -> None:
    for network in (line.near, line.far):
        with network.entered():
            assert {name for _, name in socket.if_nameindex()} == {"lo", "line"}


def test_nothing_is_left_behind() -> None:
    require(ROOT, "root, to make network namespaces")
    before = socket.if_nameindex(), os.listdir("/proc/self/fd")
    with DelayLine(DELAY) as line:
        assert (socket.if_nameindex()) == before[0]
        ended = end_of(line.pid)
    assert select.select([ended], [], [], 10)[0]
    os.close(ended)
    assert (socket.if_nameindex(), os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_the_devices_go_with_their_process(line: DelayLine, number: signal.Signals) -> None:
    ended = end_of(line.pid)
    os.kill(line.pid, number)
    assert select.select([ended], [], [], 10)[0]
    os.close(ended)
    with line.near.entered():
        assert {name for _, name in socket.if_nameindex()} == {"lo"}


def test_the_line_ends_with_a_user_that_is_killed() -> None:
    require(ROOT, "root, to make network namespaces")
    program = f"import time; from tests.local.delay import DelayLine\nwith DelayLine({DELAY}) as line:\n"
    program += "    print(line.pid, flush=True); time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", program], cwd=REPOSITORY, stdout=subprocess.PIPE) as user:
        assert user.stdout is not None
        ended = end_of(int(user.stdout.readline()))
        user.terminate()
        assert select.select([ended], [], [], 10)[0]
        os.close(ended)


def test_without_the_right_to_make_networks_it_says_so_in_one_line() -> None:
    setpriv = shutil.which("setpriv")
    require(setpriv is not None, "setpriv")
    unprivileged = [str(setpriv), "--bounding-set=-all"] if ROOT else []
    command = [*unprivileged, sys.executable, "-m", "tests.local.delay", "--milliseconds", "5"]
    finished = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert finished.returncode == 1
    assert finished.stdout == ""
    assert finished.stderr == "a delay line needs root and /dev/net/tun: [Errno 1] Operation not permitted\n"
