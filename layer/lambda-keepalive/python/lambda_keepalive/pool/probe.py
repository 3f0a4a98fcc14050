"""Asks the kernel whether idle sockets are still good. Nothing else in the layer polls a socket.

Between two responses a server has nothing to say except goodbye (RFC 9112, 9.3), so an idle socket that is readable is
stale, with one exception: TLS 1.3 may deliver session tickets at any time (RFC 8446, 4.6.1).
"""

import select
import ssl

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket

    from lambda_keepalive.pool.connection import Connection

_EVENTS = select.POLLIN | select.POLLPRI | getattr(select, "POLLRDHUP", 0)


def is_stale(connection: "Connection") -> bool:
    """Whether the peer has closed, reset or written to an idle connection. Leaves the socket's timeout as it was."""
    sock = connection.sock
    descriptor = sock.fileno()
    if descriptor < 0:
        # Somebody closed it behind our back; its number may be another file's by now.
        return True
    poll = connection.poll
    if poll is None:
        poll = connection.poll = select.poll()
        poll.register(descriptor, _EVENTS)
    if poll.poll(0):
        return not _only_tickets(sock)
    # Decrypted bytes that nobody read are invisible to poll, and so is the end of TLS (`SSLSocket.unwrap`), after which
    # the same object sends plain text.
    return isinstance(sock, ssl.SSLSocket) and (sock._sslobj is None or sock.pending() > 0)  # type: ignore[attr-defined]


def _only_tickets(sock: "socket.socket") -> bool:
    """Whether all that waits on a readable TLS socket are records without application data.

    Reading is the only way to know; `SSLWantReadError` means OpenSSL consumed them and wants more.
    """
    if not isinstance(sock, ssl.SSLSocket):
        return False
    timeout = sock.gettimeout()
    try:
        sock.settimeout(0)
        sock.recv(1)
    except ssl.SSLWantReadError:
        return True
    except (OSError, ValueError):
        return False
    finally:
        try:
            sock.settimeout(timeout)
        except OSError:
            pass
    return False
