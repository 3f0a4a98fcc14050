"""Reads an ordinary response head in one step where http.client takes a line at a time and then asks email.parser.

10 us instead of 45 for a head of nine fields; that saving pays for everything else the layer does on a call. Only
heads that leave no room for interpretation are taken: HTTP/1.1, a final status, token names, printable ASCII values,
CRLF line ends, no folding, and no content type that makes email.parser look for a body. For those all attributes of the
response are equal to what http.client would have set (tests/unit/test_response_head.py holds the two together).
"""

import re
from http.client import HTTPMessage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# http.client refuses more fields than this (Lib/http/client.py, _MAXHEADERS), and should do so itself.
_MAX_FIELDS = 100

# RFC 9112, 4 (status line); RFC 9110, 5.1 (token) and 5.5 (field values, here without obs-text).
_ORDINARY = re.compile(
    rb"HTTP/1\.1 ([2-5][0-9][0-9])(?: ([\x20-\x7e]*))?\r\n((?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e]*\r\n)+)\r\n"
).fullmatch
# email.feedparser treats these as containers and records defects about their missing bodies.
_CONTAINER = re.compile(rb"\ncontent-type:[^\r]*m(?:ultipart|essage)", re.IGNORECASE).search


def read(response: "Any") -> bool:
    """Do the work of `HTTPResponse.begin` for an ordinary head; False, and nothing read or set, for any other.

    Like http.client this waits for the peer if nothing has arrived, and never reads beyond the head. What it sets
    follows Lib/http/client.py, `begin` and `_check_close`, line by line. All is worked out before anything is read or
    set, so that after a fault of ours the library can still do it.
    """
    buffered = response.fp.peek()
    size = buffered.find(b"\r\n\r\n") + 4
    head = buffered[:size]
    parts = _ORDINARY(head)
    if parts is None or _CONTAINER(head) is not None or head.count(b"\n") > _MAX_FIELDS:
        return False

    fields = []
    framing: dict[str, str] = {}
    for line in parts[3][:-2].decode("ascii").split("\r\n"):
        name, _, value = line.partition(":")
        value = value.lstrip(" \t")
        fields.append((name, value))
        lowered = name.lower()
        if lowered in _FRAMING and lowered not in framing:
            # Of repeated fields the first one counts, as for `Message.get`.
            framing[lowered] = value
    message = HTTPMessage()
    message._headers = fields  # type: ignore[attr-defined]
    message._payload = ""  # type: ignore[attr-defined]
    status = int(parts[1])
    reason = (parts[2] or b"").decode("ascii").strip()
    chunked = framing.get("transfer-encoding", "").lower() == "chunked"
    length = None if chunked else _length(framing.get("content-length", ""))
    if status in (204, 304) or response._method == "HEAD":
        length = 0
    closes = "close" in framing.get("connection", "").lower() or (not chunked and length is None)

    response.fp.read(size)
    response.headers = response.msg = message
    response.version = 11
    response.code = response.status = status
    response.reason = reason
    response.chunked = chunked
    if chunked:
        response.chunk_left = None
    response.will_close = closes
    response.length = length
    return True


_FRAMING = frozenset(("connection", "content-length", "transfer-encoding"))


def _length(text: str) -> "int | None":
    try:
        length = int(text)
    except ValueError:
        return None
    return length if length >= 0 else None
