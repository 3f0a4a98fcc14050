"""Asks the kernel how a connection died, and whether the peer got anything of what was sent on it.

Looks at sockets that a client is about to give up, and at those that are about to carry a request, so that there is
something to compare with. Reads nothing away.
"""

import select
import socket
import ssl
import struct
from array import array

# States of a TCP connection (include/net/tcp_states.h).
ESTABLISHED, CLOSED, PEER_CLOSED = 1, 7, 8

# state, unacked, rtt, total_retrans, bytes_acked, bytes_received, notsent_bytes of struct tcp_info
# (include/uapi/linux/tcp.h, since Linux 4.6; Lambda has 4.14 at least).
_TCP_INFO = struct.Struct("=B23xI40xI28xI16xQ8x8xI")
_OPTION = getattr(socket, "TCP_INFO", 11)

# include/uapi/asm-generic/socket.h; the last number of SO_MEMINFO counts dropped packets (SK_MEMINFO_DROPS).
_SO_ATTACH_FILTER, _SO_MEMINFO = 26, 55
_MEMINFO = struct.Struct("=32xI")

# A program for bpf(4) on a TCP header: drop what has both RST and ACK set, keep everything else.
_RST_ACK = 0x14
_FILTER = array(
    "B",
    b"".join(
        struct.pack("=HBBI", *instruction)
        for instruction in (
            (0x30, 0, 0, 13),  # load the flags (RFC 9293, 3.1)
            (0x54, 0, 0, _RST_ACK),  # and
            (0x15, 0, 1, _RST_ACK),  # if not equal, skip one
            (0x06, 0, 0, 0),  # return nothing
            (0x06, 0, 0, 0xFFFFFFFF),  # return everything
        )
    ),
)

_SLACK = 0.005
"""Seconds for a reset to be handled on a busy machine, beside the time that it travels."""

_MOST_PEEKED = 16384


class Tcp:
    """A TCP connection at one moment, as its kernel knows it. What was counted stays readable after a reset.

    Attributes:
        state: `ESTABLISHED`, `PEER_CLOSED` after the peer's FIN, `CLOSED` after a reset, or another one.
        outstanding: bytes were sent, or wait to be, that the peer has not acknowledged.
        round_trip: seconds, smoothed.
        acknowledged: bytes that the peer has acknowledged in all.
        repeated: segments that were sent more than once, in all.
    """

    __slots__ = ("acknowledged", "outstanding", "repeated", "round_trip", "state")

    def __init__(self, info: bytes) -> None:
        self.state, unacked, rtt, self.repeated, self.acknowledged, unsent = _TCP_INFO.unpack(info)
        self.outstanding = bool(unacked or unsent)
        self.round_trip = rtt / 1e6


def tcp(sock: "socket.socket") -> "Tcp | None":
    """How the connection of a socket stands; None where the kernel does not say, or there is none."""
    try:
        return Tcp(sock.getsockopt(socket.IPPROTO_TCP, _OPTION, _TCP_INFO.size))
    except (OSError, struct.error):
        return None


def is_undelivered(sock: "socket.socket", before: "Tcp | None") -> bool:
    """Whether the kernel proves that the peer had closed before the request reached it, so that no program got it all.

    That nothing was acknowledged when a reset comes proves nothing: Linux puts off the acknowledgement by 40 ms, and
    a program may have read the request and aborted meanwhile. Nor does a FIN before the reset: it may be that of one
    that only stopped sending. But whoever aborts sends RST with ACK, whereas a segment for a connection that its
    program has closed is answered by RST alone (RFC 9293, 3.5.2 and 3.10.7.1). So, after the FIN, let only the
    second kind through; it is the answer to a segment of the request, if none was sent twice.

    To be called once the client has seen the end of the connection, and gives it up. Waits for a round trip, or as long
    as the socket's own time-out, if that is shorter.

    Args:
        before: the connection before the first byte of the request.
    """
    if before is None or before.outstanding or before.state != ESTABLISHED:
        return False
    try:
        program = struct.pack("HL", len(_FILTER) // 8, _FILTER.buffer_info()[0])
        sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)
        dropped = _dropped(sock)
        after = tcp(sock)
        if after is None or after.state != PEER_CLOSED or after.acknowledged != before.acknowledged:
            return False
        poll = select.poll()
        poll.register(sock, 0)
        patience = 1.25 * after.round_trip + _SLACK
        timeout = sock.gettimeout()
        poll.poll(1000 * (patience if timeout is None else min(patience, timeout)))
        after = tcp(sock)
        return (
            after is not None
            and after.state == CLOSED
            and after.acknowledged == before.acknowledged
            and after.repeated == before.repeated
            and _dropped(sock) == dropped
        )
    except (OSError, struct.error):
        return False


def _dropped(sock: "socket.socket") -> int:
    count: int = _MEMINFO.unpack(sock.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _MEMINFO.size))[0]
    return count


def has_answer(sock: "socket.socket") -> bool:
    """Whether anything but a goodbye waits to be read, which it stays.

    Over TLS records are looked at from outside. An alert says what it is, until TLS 1.3 hides that: there it is known
    by its 19 bytes, two and the type and the tag (RFC 8446, 5.2 and 6).

    Returns at once: to a socket with a timeout `MSG_DONTWAIT` says nothing, Python waits before it reads
    (CPython, Modules/socketmodule.c, `sock_call_impl`).
    """
    tls = isinstance(sock, ssl.SSLSocket)
    if tls and (sock._sslobj is None or sock.pending()):  # type: ignore[attr-defined]
        return True
    poll = select.poll()
    try:
        poll.register(sock, select.POLLIN)
        if not poll.poll(0):
            return False
        waiting = socket.socket.recv(sock, _MOST_PEEKED, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except (OSError, ValueError):
        return False
    if tls and len(waiting) >= 5:
        length = int.from_bytes(waiting[3:5], "big")
        alert = waiting[0] == 21 or (waiting[0] == 23 and length == 19)
        return not alert or len(waiting) > 5 + length
    return bool(waiting)
