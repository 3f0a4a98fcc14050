"""A connection is kept only after a response whose end is beyond doubt, and every client sees what it saw before."""

from __future__ import annotations

import gzip
from collections import defaultdict

import pytest

from tests.clients.careless import CLIENTS
from tests.clients.interpreter import Interpreter
from tests.support.origin import Exchange, Origin

# Method and path of responses that leave the connection clean.
CLEAN = [
    ("GET", "/bytes/0"),
    ("GET", "/bytes/1"),
    ("GET", "/bytes/100000"),
    ("GET", "/chunked/0"),
    ("GET", "/chunked/2500"),
    ("GET", "/chunked/100000"),
    ("GET", "/chunked/2500?trailer=1"),
    ("HEAD", "/bytes/10"),
    ("HEAD", "/chunked/10"),
    ("GET", "/status/204"),
    ("GET", "/status/304"),
    ("GET", "/status/404"),
    ("GET", "/status/500"),
    ("GET", "/redirect/1"),
    ("GET", "/continue"),
    ("GET", "/http10?keep=1"),
    ("POST", "/bytes/2"),
    ("PUT", "/bytes/2"),
    ("DELETE", "/bytes/2"),
    ("OPTIONS", "/bytes/2"),
    ("POST", "/early/200?keep=1"),
    ("GET", "/keepalive-timeout/60"),
    ("GET", "/raw/ordinary"),
    ("GET", "/raw/case"),
    ("GET", "/raw/no-reason"),
    ("GET", "/raw/empty-head-values"),
    ("GET", "/raw/folded"),
    ("GET", "/raw/latin-1"),
    ("GET", "/raw/set-cookies"),
    ("GET", "/raw/multipart"),
    ("GET", "/raw/chunk-extensions"),
    ("GET", "/raw/gzip"),
]

# Responses after which the connection must not be used again, whatever their client made of them.
UNCLEAN = [
    ("GET", "/no-length"),
    ("GET", "/http10"),
    ("GET", "/close"),
    ("GET", "/surplus"),
    ("GET", "/truncated"),
    ("GET", "/drop"),
    ("POST", "/early/413"),
    ("GET", "/raw/length-and-chunked"),
    ("GET", "/raw/chunked-and-length"),
    ("GET", "/raw/two-equal-lengths"),
    ("GET", "/raw/two-lengths"),
    ("GET", "/raw/list-of-lengths"),
    ("GET", "/raw/signed-length"),
    ("GET", "/raw/negative-length"),
    ("GET", "/raw/underscored-length"),
    ("GET", "/raw/unknown-coding"),
    ("GET", "/raw/two-codings"),
    ("GET", "/raw/chunked-twice"),
    ("GET", "/raw/early-hints"),
    ("GET", "/raw/processing"),
    ("GET", "/raw/switching"),
    ("GET", "/raw/close-in-capitals"),
    ("GET", "/raw/close-in-list"),
    ("GET", "/raw/bad-chunk-size"),
    ("GET", "/raw/truncated-chunk"),
    ("GET", "/raw/garbage"),
    ("GET", "/raw/surplus-after-204"),
    ("HEAD", "/raw/body-after-head"),
    ("GET", "/raw/surplus-after-chunks"),
    ("GET", "/raw/short-chunked-surplus"),
]

# What a client sees otherwise.
OTHERWISE = {
    ("httpx", "/http10?keep=1"): "h11 keeps no connection to an HTTP/1.0 server",
    ("httpx", "/raw/two-equal-lengths"): "h11 takes equal lengths for one; both ends agree where that is",
    ("httpx", "/raw/list-of-lengths"): "the same in one field; the server's close after it comes without a word",
}


def seen_by(client: str, paths: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(method, path) for method, path in paths if (client, path) not in OTHERWISE]


PACKED = gzip.compress(b"hello", mtime=0)

# What /raw/<name> sends, and whether it closes then: where the client would wait for more.
RAW: dict[str, tuple[bytes, bool]] = {
    "ordinary": (b"HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 5\r\n\r\nhello", False),
    "case": (b"HTTP/1.1 200 OK\r\ncOnTeNt-LeNgTh:5\r\n\r\nhello", False),
    "no-reason": (b"HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nhello", False),
    "empty-head-values": (b"HTTP/1.1 200 OK\r\nX-Empty:\r\nContent-Length: 5 \r\n\r\nhello", False),
    "folded": (b"HTTP/1.1 200 OK\r\nX-Long: one\r\n two\r\nContent-Length: 5\r\n\r\nhello", False),
    "latin-1": (b"HTTP/1.1 200 OK\r\nX-Name: \xe4\r\nContent-Length: 5\r\n\r\nhello", False),
    "set-cookies": (b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 5\r\n\r\nhello", False),
    "multipart": (
        b"HTTP/1.1 200 OK\r\nContent-Type: multipart/mixed; boundary=b\r\nContent-Length: 5\r\n\r\nhello",
        False,
    ),
    "chunk-extensions": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0;c\r\n\r\n", False),
    "gzip": (
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b" % (len(PACKED), PACKED),
        False,
    ),
    "length-and-chunked": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        False,
    ),
    "chunked-and-length": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 15\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        False,
    ),
    "two-equal-lengths": (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello", False),
    "two-lengths": (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 3\r\n\r\nhello", False),
    "list-of-lengths": (b"HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello", True),
    "signed-length": (b"HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello", False),
    "negative-length": (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello", True),
    "underscored-length": (b"HTTP/1.1 200 OK\r\nContent-Length: 1_0\r\n\r\nhellohello", False),
    "unknown-coding": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello", False),
    "two-codings": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        True,
    ),
    "chunked-twice": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        True,
    ),
    "early-hints": (
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        True,
    ),
    "processing": (b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", True),
    "switching": (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nContent-Length: 0\r\n\r\n", True),
    "close-in-capitals": (b"HTTP/1.1 200 OK\r\nConnection: CLOSE\r\nContent-Length: 5\r\n\r\nhello", False),
    "close-in-list": (b"HTTP/1.1 200 OK\r\nConnection: x-own, close\r\nContent-Length: 5\r\n\r\nhello", False),
    "bad-chunk-size": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n", True),
    "truncated-chunk": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", True),
    "garbage": (b"\x00\x01garbage\r\n\r\n", True),
    "surplus-after-204": (b"HTTP/1.1 204 No Content\r\n\r\npoison", False),
    "body-after-head": (b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison", False),
    "surplus-after-chunks": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\npoison",
        False,
    ),
    "short-chunked-surplus": (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhello", False),
}


@pytest.fixture
def raw(plain: Origin) -> Origin:
    """An origin that sends what RAW says."""

    def send(exchange: Exchange) -> None:
        data, closes = RAW[exchange.request.path.removeprefix("/raw/")]
        exchange.send(data)
        if closes:
            exchange.hang_up()

    for name in RAW:
        plain.route(f"/raw/{name}", send)
    return plain


# Between two odd ones an ordinary call, which would get the rest of a wrong one.
SEQUENCE = """
    result = []
    for method, path in paths:
        body = b"body" if method in ("POST", "PUT") else None
        result.append([method, path, fetch(url + path, method, body), fetch(url + "/bytes/3")])
"""


@pytest.mark.parametrize("client", CLIENTS)
def test_clean_responses_keep_the_connection(run: Interpreter, raw: Origin, client: str) -> None:
    paths = seen_by(client, CLEAN)
    answers = run(CLIENTS[client], SEQUENCE, url=raw.url, paths=paths)
    assert raw.accepted == 1
    assert answers == run(CLIENTS[client], SEQUENCE, layer=False, url=raw.url, paths=paths)
    assert {tuple(ordinary) for _, _, _, ordinary in answers} == {(200, "012")}


@pytest.mark.parametrize("client", CLIENTS)
def test_after_any_other_response_the_connection_carries_nothing_more(
    run: Interpreter, raw: Origin, client: str
) -> None:
    paths = seen_by(client, UNCLEAN)
    answers = run(CLIENTS[client], SEQUENCE, url=raw.url, paths=paths)
    targets = defaultdict(list)
    for request in raw.requests:
        targets[request.connection_id].append(request.target)
    odd = {path for _, path in paths}
    assert [path for used in targets.values() for path in used[:-1] if path in odd] == []
    assert answers == run(CLIENTS[client], SEQUENCE, layer=False, url=raw.url, paths=paths)
    assert {tuple(ordinary) for _, _, _, ordinary in answers} == {(200, "012")}


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("path", ["/silent-close", "/reset"])
def test_a_server_that_closes_without_a_word_costs_a_connection_and_no_error(
    run: Interpreter, origin: Origin, client: str, path: str
) -> None:
    code = """
        result = []
        for _ in range(3):
            result.append(fetch(url + path))
            act("closed")
            result.append(fetch(url + "/bytes/3", "POST", b"x"))
            act("close")
    """
    acts = {"closed": lambda: origin.wait_for(lambda: origin.open == 0), "close": origin.close_idle}
    answers = run(CLIENTS[client], code, acts=acts, url=origin.url, path=path)
    assert answers == [[200, "see you"], [200, "012"]] * 3
    assert (origin.received, origin.accepted) == (6, 6)
