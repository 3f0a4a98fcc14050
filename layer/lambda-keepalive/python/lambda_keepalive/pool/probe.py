"""Asks the kernel whether idle sockets are still good. Only `autopsy`, for those that failed, polls or reads as well.

Between two responses a server has nothing to say except goodbye (RFC 9112, 9.3), so an idle socket that is readable is
stale, with one exception: TLS 1.3 may deliver session tickets at any time (RFC 8446, 4.6.1).
"""

import select
import socket
import ssl

from lambda_keepalive.pool import tls_errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lambda_keepalive.pool.connection import Connection, Tls

# More than any server's tickets (nginx sends two of 250 bytes); whoever sends as much sends something else.
_MANY_TICKETS = 16384

_EVENTS = select.POLLIN | select.POLLPRI | getattr(select, "POLLRDHUP", 0)


def is_stale(connection: "Connection") -> bool:
    """Whether the peer has closed, reset or written to an idle connection. Leaves the socket's timeout as it was, and
    no error of another TLS connection that this one would report."""
    sock = connection.sock
    if connection.tls is not None or isinstance(sock, ssl.SSLSocket):
        tls_errors.forget()
    descriptor = sock.fileno()
    if descriptor < 0:
        # Somebody closed it behind our back; its number may be another file's by now.
        return True
    poll = connection.poll
    if poll is None:
        poll = connection.poll = select.poll()
        poll.register(descriptor, _EVENTS)
    tls = connection.tls
    if poll.poll(0):
        if tls is not None:
            return not _only_tickets_for(tls, sock) or bool(poll.poll(0))
        return not _only_tickets(sock)
    if tls is not None:
        return tls.object.pending() > 0
    # Decrypted bytes that nobody read are invisible to poll, and so is the end of TLS (`SSLSocket.unwrap`), after which
    # the same object sends plain text.
    return isinstance(sock, ssl.SSLSocket) and (sock._sslobj is None or sock.pending() > 0)  # type: ignore[attr-defined]


def _only_tickets(sock: "socket.socket") -> bool:
    """Whether all that waits on a readable TLS socket are records without application data.

    Reading is the only way to know; `SSLWantReadError` means OpenSSL consumed them and wants more: of a record that
    is not whole, too, so that is looked at first.
    """
    if not isinstance(sock, ssl.SSLSocket):
        return False
    timeout = sock.gettimeout()
    try:
        sock.settimeout(0)
        # `SSLSocket.recv` takes no flags.
        if not _are_whole_records(socket.socket.recv(sock, _MANY_TICKETS, socket.MSG_PEEK)):
            return False
        sock.recv(1)
    except ssl.SSLWantReadError:
        return True
    except (OSError, ValueError):
        tls_errors.forget()
        return False
    finally:
        try:
            sock.settimeout(timeout)
        except OSError:
            pass
    return False


def _only_tickets_for(tls: "Tls", sock: "socket.socket") -> bool:
    """The same of a bare socket, whose bytes somebody has to carry to the TLS object.

    What TLS would answer (to a key update, RFC 8446, 4.6.3) nobody is there to send.
    """
    try:
        data = sock.recv(_MANY_TICKETS, socket.MSG_DONTWAIT)
        if not _are_whole_records(data):
            return False
        tls.incoming.write(data)
        tls.object.read(1)
    except ssl.SSLWantReadError:
        return not tls.outgoing.pending
    except (OSError, ValueError):
        pass
    return False


def _are_whole_records(data: bytes) -> bool:
    """Whether these are TLS records to their last byte (RFC 8446, 5.1: type, version, two bytes of length, content).

    The rest of half a record would come with the next response and be part of it, or break it.
    """
    end = 0
    while len(data) - end >= 5:
        end += 5 + int.from_bytes(data[end + 3 : end + 5], "big")
    return 0 < end == len(data) < _MANY_TICKETS
