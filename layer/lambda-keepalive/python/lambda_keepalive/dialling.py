"""Lets a thread make a client's own call up to the moment when the connection stands, and not a step further.

That way a connection for later is opened by exactly the code, settings and environment of a call, and its identity is
equal by construction. No byte of a request is sent.
"""

import _thread

from lambda_keepalive import transport

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from typing import Any

    from lambda_keepalive.pool.connection import Connection

_threads: "set[int]" = set()
"""Those that dial; empty but for moments, so that asking costs nothing."""


class Connected(BaseException):
    """Ends the call of a thread that only dials; no `Exception`, since libraries catch those and try again.

    Attributes:
        key: identity of the connection that is in the pool now; None if it could not be kept.
    """

    def __init__(self, key: "Hashable | None") -> None:
        self.key = key


def dial(call: "Callable[[], Any]") -> "Hashable | None":
    """Make a call until it is connected; returns the identity of the connection, or None if none was kept.

    Raises what the call raises, and RuntimeError if it came to its end without a connection of ours.
    """
    thread = _thread.get_ident()
    _threads.add(thread)
    try:
        call()
    except Connected as connected:
        return connected.key
    finally:
        _threads.discard(thread)
    raise RuntimeError("it did not connect in a way that the layer knows")


def is_on() -> bool:
    """Whether this thread only dials."""
    return bool(_threads) and _thread.get_ident() in _threads


def park(connection: "Connection") -> None:
    """Put a connection that has carried no request yet into the pool."""
    connection.busy = False
    transport.pool.release(connection)


def stop_here(client: "Any") -> None:
    """An `http.client` connection object has connected. If this thread only dials, put the connection into the pool and
    end the call."""
    if is_on():
        connection, client._keepalive = client._keepalive, None
        if connection is not None and connection.sock is client.sock and connection.refusal is None:
            client.sock = None
            park(connection)
        raise Connected(connection and connection.key)
