"""Says whether a request of httpcore may be sent once more, now that its connection turned out to be dead.

A connection object of httpcore has one stream for life, so the pool, which sits above, asks for another one: what fails
below leaves its word in the request's `Tries`, and the error on its way up is caught where it passes the pool. Without
a pool above nothing is sent again. `client` is an `HTTP11Connection` or `AsyncHTTP11Connection`.
"""

import h11
from httpcore import RemoteProtocolError

from lambda_keepalive import guard, replay, transport
from lambda_keepalive.pool import autopsy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lambda_keepalive.pool.connection import Connection

_IDEMPOTENT = frozenset(method.encode() for method in replay.IDEMPOTENT)


class Tries:
    """How often a pool has tried a request.

    Attributes:
        again: the pool shall try once more.
        anew: on a connection that carried no request before, since one that did was lost.
    """

    again = anew = False


def in_pool(original: "Any") -> "Any":
    """`ConnectionPool.handle_request`, which tries again what fails with that wish."""

    def handle_request(self: "Any", request: "Any") -> "Any":
        tries = request._keepalive_tries = Tries()
        while True:
            try:
                return original(self, request)
            except Exception:
                if not tries.again:
                    raise
            tries.again = False

    return handle_request


def in_async_pool(original: "Any") -> "Any":
    """`AsyncConnectionPool.handle_async_request`, likewise."""

    async def handle_async_request(self: "Any", request: "Any") -> "Any":
        tries = request._keepalive_tries = Tries()
        while True:
            try:
                return await original(self, request)
            except Exception:
                if not tries.again:
                    raise
            tries.again = False

    return handle_async_request


def needs_new(request: "Any") -> bool:
    """Whether the request must have a new connection."""
    tries: Tries | None = getattr(request, "_keepalive_tries", None)
    return tries is not None and tries.anew


def attempt(connection: "Connection | None", request: "Any") -> "Attempt | None":
    """Watch over a request that is about to be sent; None where the connection is new, or not ours to replace."""
    tries = getattr(request, "_keepalive_tries", None)
    if tries is None or connection is None or not replay.is_watched(connection):
        return None
    return Attempt(connection, request, tries)


class Attempt:
    """One request on a connection that carried others before.

    Attributes:
        unfit: nothing must be sent on the connection: the peer has closed it, or the request must have a new one.
        answered: a byte of a response came.
    """

    __slots__ = ("_before", "_connection", "_request", "_tries", "answered", "unfit")

    def __init__(self, connection: "Connection", request: "Any", tries: Tries) -> None:
        self._connection = connection
        self._request = request
        self._tries = tries
        self._before = autopsy.tcp(connection.sock)
        self.answered = False
        self.unfit = tries.anew or (self._before is not None and self._before.state != autopsy.ESTABLISHED)

    def refuse(self) -> RemoteProtocolError:
        """Let the pool try another connection; returns what is to be raised for it."""
        self._connection.taint = "suspect" if self._tries.anew else "stale"
        self._tries.again = True
        return RemoteProtocolError("The connection was closed while it was idle.")

    def failed(self, client: "Any", error: Exception, provable: bool) -> None:
        """Let the pool try once more, if that is safe.

        Args:
            provable: the socket is still open, and the caller may wait for a round trip.
        """
        connection, request = self._connection, self._request
        if connection.taint not in replay.NO_MATTER:
            return
        lost = _loss(client, error)
        harmless = request.method in _IDEMPOTENT or _has(request, b"idempotency-key")
        if provable and not harmless and lost is not None and not self.answered:
            harmless = autopsy.is_undelivered(connection.sock, self._before)
        rule = replay.refuse(
            lost,
            connection.origin,
            answered=self.answered,
            expects=_has(request, b"expect"),
            whole=_is_whole(request.stream),
            harmless=harmless,
        )
        if rule is None:
            connection.taint = "stale"
            self._tries.again = self._tries.anew = True
            if connection.key is not None:
                transport.pool.drop(connection.key, "suspect")


def response(client: "Any", request: "Any", attempt: Attempt, original: "Any") -> "Any":
    """Send the request and read the head of its response, with an eye on how that ends."""
    stream = client._network_stream
    read = stream.read
    closed: list[bool] = []

    def noting_read(*args: "Any", **kwargs: "Any") -> "Any":
        data = read(*args, **kwargs)
        attempt.answered = attempt.answered or bool(data)
        return data

    # httpcore closes the connection before it says why. What the kernel knows of it would be gone.
    client.close = lambda: closed.append(True)
    stream.read = noting_read
    try:
        return original(client, request)
    except Exception as error:
        try:
            attempt.failed(client, error, provable=True)
        except Exception:  # noqa: BLE001
            guard.fault("httpcore replay")
        raise
    finally:
        vars(client).pop("close", None)
        vars(stream).pop("read", None)
        if closed:
            client.close()


async def async_response(client: "Any", request: "Any", attempt: Attempt, original: "Any") -> "Any":
    """The same in an event loop, which has closed the socket of a lost connection by then: nothing can be proven."""
    stream = client._network_stream
    read = stream.read

    async def noting_read(*args: "Any", **kwargs: "Any") -> "Any":
        data = await read(*args, **kwargs)
        attempt.answered = attempt.answered or bool(data)
        return data

    stream.read = noting_read
    try:
        return await original(client, request)
    except Exception as error:
        try:
            attempt.failed(client, error, provable=False)
        except Exception:  # noqa: BLE001
            guard.fault("httpcore replay")
        raise
    finally:
        vars(stream).pop("read", None)


def _loss(client: "Any", error: Exception) -> "BaseException | None":
    """The error below that ended the connection; None if it was another one."""
    if isinstance(error, RemoteProtocolError):
        # httpcore's own words for an end before a response (http11.py, _receive_event).
        ended = error.__cause__ is None and client._h11_state.their_state is h11.SEND_RESPONSE
        return ConnectionResetError() if ended else None
    cause = error.__cause__
    # anyio tells the loss of a connection by a class of its own.
    return ConnectionResetError() if type(cause).__name__ == "BrokenResourceError" else cause


def _has(request: "Any", name: bytes) -> bool:
    return any(len(field) == len(name) and field.lower() == name for field, _ in request.headers)


def _is_whole(stream: "Any") -> bool:
    """Whether the body is one that can be sent as often as one likes: bytes, as httpx and httpcore wrap them."""
    kind = type(stream)
    return kind.__name__ == "ByteStream" and kind.__module__.partition(".")[0] in ("httpx", "httpcore")
