"""What an `http.client` connection has sent of its request, and whether that may be sent once more.

Bodies are kept by reference, never copied, unless somebody may change them meanwhile; a file is kept with the place
where its reading began.
"""

from lambda_keepalive import replay
from lambda_keepalive.pool import autopsy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lambda_keepalive.pool.connection import Connection

_IDEMPOTENT = frozenset(method.encode() for method in replay.IDEMPOTENT)


class Sent:
    """One request that went out, or is going out, on a connection that carried others before.

    Attributes:
        parts: what was sent, each with the position of a file, or None; None if something cannot be sent again.
        harmless: it may be sent twice, by its method or its key.
        gone: the peer has closed before a byte was sent.
    """

    __slots__ = ("_before", "_kept", "gone", "harmless", "parts")

    def __init__(self, connection: "Connection", head: "Any") -> None:
        self.parts: list[tuple[Any, int | None]] | None = []
        self._kept = 0
        self._before = autopsy.tcp(connection.sock)
        self.gone = self._before is not None and self._before.state != autopsy.ESTABLISHED
        self.harmless = type(head) is bytes and (
            head[: head.find(b" ")] in _IDEMPOTENT or b"\nidempotency-key:" in _fields(head)
        )

    def add(self, data: "Any") -> None:
        """Something is about to be sent."""
        if self.parts is None:
            return
        position = None
        if hasattr(data, "read"):
            try:
                position = data.tell()
                data.seek(position)
            except Exception:  # noqa: BLE001 - of the user's file, which has no way back
                self.parts = None
                return
        else:
            if type(data) is not bytes:
                if not isinstance(data, (bytearray, memoryview)) or len(data) > replay.MOST_KEPT:
                    self.parts = None
                    return
                # Its owner may put the next piece into it.
                data = bytes(data)
            # The head, then a body that is its caller's, or pieces of one that are nobody's.
            if len(self.parts) != 1:
                self._kept += len(data)
                if self._kept > replay.MOST_KEPT:
                    self.parts = None
                    return
        self.parts.append((data, position))

    def may_go_again(self, client: "Any", error: OSError, answered: bool) -> bool:
        """Whether the request may be sent once more, now that `error` has ended the first attempt."""
        connection = client._keepalive
        if connection is None or connection.sock is not client.sock or client._keepalive_taint not in replay.NO_MATTER:
            return False
        harmless = self.harmless
        if not harmless and not answered and replay.is_loss(error):
            harmless = autopsy.is_undelivered(connection.sock, self._before)
        parts = self.parts or []
        whole = bool(parts) and _rewound(parts)
        expects = whole and b"\nexpect:" in _fields(parts[0][0])
        rule = replay.refuse(
            error, connection.origin, answered=answered, expects=expects, whole=whole, harmless=harmless
        )
        return rule is None


def _rewound(parts: "list[tuple[Any, int | None]]") -> bool:
    try:
        for data, position in parts:
            if position is not None:
                data.seek(position)
    except Exception:  # noqa: BLE001 - of the user's file
        return False
    return True


def _fields(head: bytes) -> bytes:
    """The head of a request in lower case, without the body that botocore sends along with it."""
    return head[: head.find(b"\r\n\r\n") + 2].lower()
