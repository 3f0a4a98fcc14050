"""The fast reader of response heads and http.client's own one agree on everything."""

import http.client
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lambda_keepalive import response_head


class File:
    """A socket as far as `HTTPResponse` looks: it makes a file of the given bytes."""

    def __init__(self, content: bytes) -> None:
        self.file = io.BufferedReader(io.BytesIO(content))

    def makefile(self, mode: str) -> io.BufferedReader:
        return self.file


def state(response):
    attributes = {name: value for name, value in vars(response).items() if name not in ("fp", "headers", "msg")}
    message = vars(response.headers)
    return (
        attributes,
        {**message, "policy": message["policy"].__class__},
        response.msg is response.headers,
        response.fp.read(),
    )


def read_fast(content, method):
    response = http.client.HTTPResponse(File(content), method=method)
    return response if response_head.read(response) else None


def read_by_library(content, method):
    response = http.client.HTTPResponse(File(content), method=method)
    response.begin()
    return response


def assert_same(content, method="GET"):
    fast = read_fast(content, method)
    assert fast is not None
    assert state(fast) == state(read_by_library(content, method))


tokens = st.text("abcXYZ019-_.!#$%&'*+^`|~", min_size=1, max_size=12)
values = st.text(st.characters(min_codepoint=32, max_codepoint=126) | st.just("\t"), max_size=24)
framing = st.sampled_from(
    [
        ("Content-Length", "5"), ("content-length", "0"), ("Content-Length", "-3"), ("Content-Length", " 7 "),
        ("Content-Length", "x"), ("Content-Length", ""), ("Content-Length", "1_0"),
        ("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "Chunked "), ("Transfer-Encoding", "gzip, chunked"),
        ("Connection", "close"), ("Connection", "Keep-Alive"), ("connection", "Upgrade, Close"), ("Connection", ""),
        ("Content-Type", "application/json"), ("Keep-Alive", "timeout=5"),
    ]
)  # fmt: skip
heads = st.lists(framing | st.tuples(tokens, values), min_size=1, max_size=12)


@given(
    st.integers(200, 599), st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20), heads,
    st.sampled_from(["GET", "HEAD", "POST", "CONNECT"]), st.sampled_from([b"", b"hello", b"HTTP/1.1 200 OK\r\n\r\n"]),
)  # fmt: skip
def test_ordinary_heads_are_read_as_http_client_reads_them(status, reason, fields, method, body):
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields)
    content = f"HTTP/1.1 {status} {reason}\r\n{lines}\r\n".encode() + body
    if read_fast(content, method) is not None:
        assert_same(content, method)
    else:
        # Declined: only a container type may be the cause.
        assert any(name.lower() == "content-type" for name, _ in fields)


@given(st.binary(max_size=60) | st.binary(max_size=60).map(lambda junk: b"HTTP/1.1 200 OK\r\n" + junk + b"\r\n\r\n"))
def test_anything_else_is_declined_and_left_unread(content):
    file = File(content)
    response = http.client.HTTPResponse(file, method="GET")
    before = dict(vars(response))
    if not response_head.read(response):
        assert vars(response) == before
        assert file.file.read() == content
    else:
        assert_same(content)


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.0 200 OK\r\nA: b\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\nA: b\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n",
        b"HTTP/1.1  200 OK\r\nA: b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\nA: b\n\n",
        b"HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: \xe9\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n: b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: b\r\ncontent-type: Message/rfc822\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 101 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nA: b\r\n",
    ],
)
def test_a_head_with_room_for_interpretation_is_left_to_http_client(head):
    assert read_fast(head, "GET") is None
