"""A private network for a test: a network namespace with nothing but a loopback interface.

Whatever is started while it is entered (sockets, threads, processes) lives in it for good, so a test origin
made there and a function started there reach each other, every port is free, and nothing else is reachable.
The kernel removes the namespace with its last user. Needs the right to make namespaces (root).
"""

import contextlib
import ctypes
import fcntl
import os
import socket
import struct
from collections.abc import Iterator
from types import TracebackType
from typing import Self

# linux/sched.h; Python has os.unshare and os.setns from 3.12 only.
CLONE_NEWNET = 0x40000000
# linux/sockios.h and linux/if.h: "set the flags of an interface" to "up".
SIOCSIFFLAGS = 0x8914
IFF_UP = 0x1

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _namespace_of_this_thread() -> int:
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


class Network:
    """A network namespace; as a context manager it exists inside the block. OSError where that is not allowed.

    With `path`, it is the one that another process made and shows there (its own `path`), which is only visited.
    """

    def __init__(self, path: str | None = None) -> None:
        self._visited = path

    def __enter__(self) -> Self:
        if self._visited is not None:
            self._namespace = os.open(self._visited, os.O_RDONLY | os.O_CLOEXEC)
            return self
        home = _namespace_of_this_thread()
        try:
            _checked(_libc.unshare(CLONE_NEWNET))
            try:
                self._namespace = _namespace_of_this_thread()
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
                    fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh", b"lo", IFF_UP).ljust(40, b"\0"))
            finally:
                _checked(_libc.setns(home, CLONE_NEWNET))
        finally:
            os.close(home)
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        os.close(self._namespace)

    @property
    def path(self) -> str:
        """Where other processes find the namespace, for `Network(path)` and for nsenter(1)."""
        return f"/proc/{os.getpid()}/fd/{self._namespace}"

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """Move the calling thread, and what it starts, into this network for the length of the block."""
        home = _namespace_of_this_thread()
        try:
            _checked(_libc.setns(self._namespace, CLONE_NEWNET))
            try:
                yield
            finally:
                _checked(_libc.setns(home, CLONE_NEWNET))
        finally:
            os.close(home)
