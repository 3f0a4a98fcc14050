"""Takes an idle connection out of httpcore's stream over anyio, and puts one into a new stream.

anyio encrypts by itself, over a bare asyncio transport: its `TLSStream` holds the `SSLObject` and the memory BIOs, and
its `SocketStream` the transport. Names are those of anyio/streams/tls.py and anyio/_backends/_asyncio.py, 3.7 to 4.x.
Imported with the first async call, not with httpcore: who calls sync alone must not pay for asyncio.
"""

import asyncio
import ssl

from anyio._backends._asyncio import SocketStream, StreamProtocol
from anyio.streams.tls import TLSStream
from httpcore._backends.anyio import AnyIOStream

from lambda_keepalive import event_loop
from lambda_keepalive.pool.connection import Tls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable
    from typing import Any

    from lambda_keepalive.pool.connection import Connection


def is_known_loop() -> bool:
    """Whether the caller, under a running loop, is a task of asyncio's own; trio may be the guest of one."""
    return asyncio.current_task() is not None and event_loop.is_known(asyncio.get_running_loop())


def functions_in_force() -> "Hashable":
    """The functions that would make a stream, below httpcore."""
    return TLSStream.wrap, type(asyncio.get_running_loop()).create_connection, ssl.SSLContext.wrap_bio


def _parts_of(stream: "Any") -> "tuple[Any, Any]":
    """The `TLSStream` or None, and the `SocketStream` or None."""
    inner = stream._stream if type(stream) is AnyIOStream else None
    tls = inner if type(inner) is TLSStream else None
    bare = inner if tls is None else tls.transport_stream
    return tls, bare if type(bare) is SocketStream else None


def is_orphan(stream: "Any") -> bool:
    """Whether the stream's event loop is closed."""
    _, bare = _parts_of(stream)
    loop = None if bare is None else bare._transport._loop
    return loop is not None and loop.is_closed()


def is_done_with(stream: "Any") -> bool:
    """Whether nobody but the caller can be using the stream while it is idle."""
    _, bare = _parts_of(stream)
    loop = None if bare is None else bare._transport._loop
    return loop is not None and event_loop.is_done_with(loop)


def socket_of(stream: "Any") -> "Any":
    """The `socket.socket` under the stream, which still owns it; None if it is of another kind."""
    _, bare = _parts_of(stream)
    return None if bare is None else event_loop.socket_of(bare._transport)


def leave(connection: "Connection", stream: "Any") -> "str | None":
    """Take the connection out of its stream, which is as good as closed then.

    Returns:
        Why that cannot be, or None if it is done.
    """
    tls, bare = _parts_of(stream)
    if bare is None:
        return "foreign-socket"
    protocol = bare._protocol
    if protocol.read_queue or protocol.exception is not None:
        return "surplus"
    if tls is not None and not _is_clean(tls):
        return "surplus"
    reason = event_loop.leave(connection, bare._transport)
    if reason is None and tls is not None:
        connection.tls = Tls(tls._ssl_object, tls._read_bio, tls._write_bio)
    return reason


def _is_clean(tls: "Any") -> bool:
    """Whether nothing waits on either side of TLS but session tickets, which may come at any time (RFC 8446, 4.6.1).

    anyio stops decrypting at the data that it was asked for. Reading is the only way to know what is behind it.
    """
    if tls._write_bio.pending or tls._ssl_object.pending():
        return False
    if tls._read_bio.pending:
        try:
            tls._ssl_object.read(1)
        except ssl.SSLWantReadError:
            return not tls._write_bio.pending
        return False
    return True


async def enter(connection: "Connection") -> "Any":
    """A new stream over the connection, on the running loop.

    Raises:
        OSError: as `loop.create_connection` does; the socket is closed, also on cancellation.
    """
    tls = connection.tls
    protocol = StreamProtocol()
    transport = await event_loop.enter_bare(connection, protocol)
    # anyio reads on demand (AsyncIOBackend.connect_tcp).
    transport.pause_reading()
    stream: Any = SocketStream(transport, protocol)
    if tls is not None:
        stream = TLSStream(stream, False, tls.object, tls.incoming, tls.outgoing)
    return AnyIOStream(stream)
