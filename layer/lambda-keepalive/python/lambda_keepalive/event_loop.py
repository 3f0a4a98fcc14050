"""Takes an idle connection off its asyncio event loop, and puts it on the one that is running.

`asyncio.run` makes a new loop for each invocation, and a transport dies with its loop. What it transports over does
not: the socket is the kernel's, and TLS is an `SSLObject` between two memory BIOs, which know nothing of loops. So a
connection leaves a loop as a duplicate of its socket, and comes to another one under a new transport, without a
handshake (docs/decisions/0007).

Only asyncio's own selector loops: their TLS is Lib/asyncio/sslproto.py, whose private names used here are the same from
3.11 to 3.14. Not thread-safe, as loops are not: a connection is moved by the thread that its loop runs in.
"""

import asyncio
import ssl
import sys
from asyncio import selector_events, sslproto

from lambda_keepalive.patching import PatchSkipped
from lambda_keepalive.pool import connection as this_process
from lambda_keepalive.pool.connection import Tls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lambda_keepalive.pool.connection import Connection

try:
    _SocketTransport: "Any" = selector_events._SelectorSocketTransport  # type: ignore[attr-defined]
    _TlsTransport: "Any" = sslproto._SSLProtocolTransport
    _TlsLayer: "Any" = sslproto.SSLProtocol
    _WRAPPED = sslproto.SSLProtocolState.WRAPPED
except AttributeError:
    # Until 3.10 its TLS was another one.
    raise PatchSkipped(f"asyncio of Python {sys.version.split()[0]} is not one we know") from None
_get_running_loop = asyncio._get_running_loop


def is_known(loop: "Any") -> bool:
    """Whether connections can leave this loop: it is asyncio's own, not uvloop or the like."""
    return isinstance(loop, selector_events.BaseSelectorEventLoop)


def is_ours(loop: "Any") -> bool:
    """Whether the calling thread may touch the transports of this loop: it is running here or nowhere."""
    return loop is _get_running_loop() or not loop.is_running()


def is_done_with(loop: "Any") -> bool:
    """Whether nobody but the calling code can be using the idle connections of this loop: it is closed or runs it."""
    return loop.is_closed() or loop is _get_running_loop()


def socket_of(transport: "Any") -> "Any":
    """The `socket.socket` under a transport of a known loop, plain or TLS; the transport still owns it.

    None where there is no such socket: TLS in TLS, pipes, other loops.
    """
    bare = transport._ssl_protocol._transport if type(transport) is _TlsTransport else transport
    return bare._sock if type(bare) is _SocketTransport else None


def leave(connection: "Connection", transport: "Any") -> "str | None":
    """Take the connection away from its transport, which is aborted, as if the peer had been lost.

    Afterwards `connection.sock` is its own, and `connection.tls` is set if the transport encrypts.

    Returns:
        Why it cannot leave, in which case nothing was changed; None if it has left.
    """
    layer: Any = transport._ssl_protocol if type(transport) is _TlsTransport else None
    bare = transport if layer is None else layer._transport
    if type(bare) is not _SocketTransport:
        return "foreign-socket"
    if connection.generation != this_process.generation:
        # The selector is shared with the parent (epoll(7)): unregistering here would take it away there, too.
        return "process"
    if not is_ours(bare._loop):
        return "foreign-loop"
    if transport.is_closing() or bare.is_closing() or bare._eof or bare._sock is None or bare._sock.fileno() < 0:
        return "error"
    if bare.get_write_buffer_size():
        return "unsent"
    tls = None
    if layer is not None:
        if layer._state is not _WRAPPED or layer._eof_received:
            return "close"
        if layer._write_backlog or layer._outgoing.pending:
            return "unsent"
        if layer._incoming.pending or layer._sslobj.pending():
            return "surplus"
        tls = Tls(layer._sslobj, layer._incoming, layer._outgoing)
    try:
        sock = bare._sock.dup()
    except OSError:
        # Out of descriptors.
        return "error"
    connection.sock, connection.tls, connection.poll = sock, tls, None
    if layer is not None:
        # It empties its buffer once more when it hears of the loss (SSLProtocol.connection_lost).
        layer._outgoing = ssl.MemoryBIO()
    try:
        transport.abort()
    except RuntimeError:
        # The loop is closed and will not call back.
        _lose(bare)
    return None


def _lose(transport: "Any") -> None:
    """Do for the transport of a closed loop what the loop would have done, so that it is not found unclosed."""
    try:
        transport._call_connection_lost(None)
    except RuntimeError:
        # SSLProtocol, too, wants the loop to call; the socket is closed all the same.
        pass


class _Established:
    """Stands in for an `SSLContext` where a connection has its `SSLObject` already."""

    def __init__(self, ssl_object: "Any") -> None:
        self._object = ssl_object

    def wrap_bio(self, *args: "Any", **kwargs: "Any") -> "Any":
        return self._object


async def enter(connection: "Connection", protocol: "Any") -> "Any":
    """Put the connection on the running loop: the protocol is told `connection_made`.

    From then on the transport owns the socket. Over TLS it finds the handshake done: `SSLObject.do_handshake` of an
    established connection returns at once (SSL_do_handshake(3)).

    Returns:
        The transport, of the kind that `loop.create_connection` makes.

    Raises:
        OSError: as `loop.create_connection` does; the socket is closed, also on cancellation.
    """
    tls = connection.tls
    if tls is None:
        return await enter_bare(connection, protocol)
    # As `loop.start_tls` does it, except that the TLS object is not made but given (Lib/asyncio/base_events.py).
    layer = _TlsLayer(asyncio.get_running_loop(), protocol, _Established(tls.object), None)
    layer._incoming, layer._outgoing = tls.incoming, tls.outgoing
    layer._extra["sslcontext"] = tls.object.context
    transport = layer._app_transport
    await enter_bare(connection, layer)
    return transport


async def enter_bare(connection: "Connection", protocol: "Any") -> "Any":
    """Put the socket alone on the running loop, as `enter` does; TLS is the protocol's affair."""
    try:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_connection(lambda: protocol, sock=connection.sock)
    except BaseException:
        connection.close()
        raise
    connection.tls = None
    return transport
