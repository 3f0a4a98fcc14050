"""Parses an ordinary response head as `email.parser` would, without its machinery: 4 us instead of 30.

That saving pays for everything else the layer does on a call. Only heads that leave no room for interpretation are
taken: token names, printable ASCII values, CRLF line ends, no folding, and no content type that makes email.parser
look for a body. For those the result is equal attribute by attribute (tests/unit/test_header_parser.py holds the two
against each other).
"""

import re
from http.client import HTTPMessage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from io import BufferedReader

# http.client refuses heads of more lines (Lib/http/client.py, _MAXHEADERS), and should do so itself.
_MAX_LINES = 100

# RFC 9110, 5.1 (token) and 5.5 (field values, here without obs-text).
_ORDINARY = re.compile(rb"(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e]*\r\n)+\r\n").fullmatch
# email.feedparser treats these as containers and records defects about their missing bodies.
_CONTAINER = re.compile(rb"\ncontent-type:[^\r]*m(?:ultipart|essage)", re.IGNORECASE).search


def parse(file: "BufferedReader") -> "HTTPMessage | None":
    """Read an ordinary head from the file and parse it; None, and nothing read, where the library has to do it.

    The result is the message that `email.parser.Parser(_class=HTTPMessage)` makes of the same bytes. Like http.client
    itself this waits for the peer if nothing is buffered, and never reads beyond the head.
    """
    buffered = file.peek()
    size = buffered.find(b"\r\n\r\n") + 4
    head = buffered[:size]
    if _ORDINARY(head) is None or head.count(b"\n") > _MAX_LINES or _CONTAINER(b"\n" + head) is not None:
        return None
    file.read(size)
    message = HTTPMessage()
    message._headers = [  # type: ignore[attr-defined]
        (name, value.lstrip(" \t"))
        for name, _, value in [line.partition(":") for line in head[:-4].decode("ascii").split("\r\n")]
    ]
    message._payload = ""  # type: ignore[attr-defined]
    return message
