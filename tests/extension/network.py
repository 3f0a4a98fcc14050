"""A network of a test's own: nothing else has sockets in it, and no port is taken."""

from __future__ import annotations

import ctypes
import fcntl
import functools
import os
import socket
import struct
import threading
from collections.abc import Callable

import pytest

CLONE_NEWNET = 0x40000000  # <linux/sched.h>; os.unshare() is in Python 3.12 and later only
SIOCSIFFLAGS = 0x8914  # <linux/sockios.h>
IFF_UP = 1  # <linux/if.h>


def own_network(test: Callable[..., None]) -> Callable[..., None]:
    """Run `test` in a thread that has moved to a new network namespace, with its loopback up.

    What the thread starts lives there too. Needs root: skipped without it, except on CI.
    """

    @functools.wraps(test)
    def wrapper(*args: object, **kwargs: object) -> None:
        errors: list[BaseException] = []

        def run() -> None:
            try:
                enter()
                test(*args, **kwargs)
            except BaseException as error:  # noqa: BLE001  # raised again in the test's own thread
                errors.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        if errors and isinstance(errors[0], PermissionError) and not os.environ.get("CI"):
            pytest.skip("a network namespace needs root")
        if errors:
            raise errors[0]

    return wrapper


def enter() -> None:
    """Move this thread to a network namespace of its own; PermissionError without root."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise PermissionError(number, os.strerror(number))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh", b"lo", IFF_UP))
