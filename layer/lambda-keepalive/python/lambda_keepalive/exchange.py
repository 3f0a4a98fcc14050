"""Says whether the HTTP/1.1 exchange on an `http.client` connection is provably over. Reads state, changes none.

Only a positive proof counts (RFC 9112, 6.3 and 9.3): the framing was unambiguous, the response was read to its end, the
peer did not announce a close and sent nothing beyond. Private names are those of CPython's Lib/http/client.py,
unchanged from 3.10 to 3.14.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Values of `HTTPResponse._keepalive_end`, set when the response lets go of its file.
COMPLETE = "complete"
EARLY = "unread"
SURPLUS = "surplus"
# A chunked body, closed with nothing left in its buffer: only who read it knows whether that was the end.
DRAINED = "drained"


def end_of(response: "Any") -> str:
    """How a response ends, to be called just before `HTTPResponse._close_conn` drops the file.

    `close()` marks the object closed before it gets here and the reading methods do not, so a chunked body whose
    file is dropped by an open response was read to its last chunk.
    """
    if response.chunked is True and response.closed:
        return EARLY if has_surplus(response.fp) else DRAINED
    if response.length != 0 and response.chunked is not True:
        return EARLY
    return SURPLUS if has_surplus(response.fp) else COMPLETE


def has_surplus(file: "Any") -> bool:
    """Whether bytes beyond the response lie in the file's buffer; they would vanish with it.

    `peek` must not read from the socket, which could block: a `SocketIO` that saw a time-out refuses to read before any
    system call (Lib/socket.py, readinto). Costs 0.4 us; anything but that refusal counts as surplus.
    """
    raw = file.raw
    if raw._timeout_occurred:
        return True
    raw._timeout_occurred = True
    try:
        return bool(file.peek(1))
    except OSError:
        return False
    finally:
        raw._timeout_occurred = False


def unfinished(response: "Any") -> "str | None":
    """Why the connection of this response must not carry another request, or None.

    Returns one of: `close` (the peer or HTTP/1.0 ends it), `informational` (http.client takes a 1xx other than 100
    for the final response, so the real one is still to come; or the protocol was switched), `upgraded`, `framing`,
    `unread`, `surplus`.
    """
    if response is None or response.will_close is not False:
        return "close"
    if response.status < 200:
        return "informational"
    if response._method == "CONNECT":
        return "upgraded"
    if response.fp is not None and response.length == 0:
        # Nothing is left to read (204, HEAD, Content-Length: 0); only nobody asked for the nothing.
        end = end_of(response)
    else:
        end = response._keepalive_end or EARLY
    if end != COMPLETE:
        return EARLY if end == DRAINED else end
    return None if has_plain_framing(response) else "framing"


def has_plain_framing(response: "Any") -> bool:
    """Whether everybody on the way agrees where the response ends (RFC 9112, 6.3): one length or chunked, never
    both, nothing else.

    http.client takes the first Content-Length and ignores unknown transfer codings; a proxy may not. Of several
    Connection fields, too, http.client looks at the first only, and any of them may say `close` (RFC 9110, 5.3).
    """
    framing = None
    for name, value in response.headers.raw_items():
        length = len(name)
        if length == 14 and name.lower() == "content-length":
            if framing is not None or not value.strip().isdigit():
                return False
            framing = value
        elif length == 17 and name.lower() == "transfer-encoding":
            if framing is not None or value.strip().lower() != "chunked":
                return False
            framing = value
        elif length == 10 and name.lower() == "connection" and "close" in value.lower():
            return False
    # A server that frames the content of a 204, which has none (RFC 9112, 6.3), may send it yet.
    return response.status != 204 or framing is None or framing.strip() == "0"
