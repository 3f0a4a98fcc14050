"""Asks the kernel whether idle sockets are still good. Nothing else in the layer polls a socket.

Between two responses a server has nothing to say except goodbye (RFC 9112, 9.3), so an idle socket that is readable is
stale, with one exception: TLS 1.3 may deliver session tickets at any time (RFC 8446, 4.6.1).
"""

import select
import ssl

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

_EVENTS = select.POLLIN | select.POLLPRI | getattr(select, "POLLRDHUP", 0)


def is_stale(sock: "socket.socket") -> bool:
    """Whether the peer has closed, reset or written to an idle socket. Leaves its timeout as it was."""
    return bool(stale([sock]))


def stale(sockets: "Sequence[socket.socket]") -> "list[int]":
    """Indices of the sockets that are stale, with one `poll` for all of them."""
    poll = select.poll()
    found = []
    index_of: dict[int, int] = {}
    for index, sock in enumerate(sockets):
        descriptor = sock.fileno()
        if descriptor < 0:
            found.append(index)
        else:
            index_of[descriptor] = index
            poll.register(descriptor, _EVENTS)
    for descriptor, _ in poll.poll(0) if index_of else ():
        index = index_of[descriptor]
        if not _only_tickets(sockets[index]):
            found.append(index)
    # Decrypted bytes that nobody read are invisible to poll.
    found += [
        index
        for index, sock in enumerate(sockets)
        if index not in found and isinstance(sock, ssl.SSLSocket) and sock.pending()
    ]
    return found


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
