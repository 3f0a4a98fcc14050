"""The fast writer of request heads and http.client's own one agree on everything."""

import http.client

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from lambda_keepalive import request_head


class Connection(http.client.HTTPConnection):
    """Keeps what would be sent."""

    def endheaders(self, message_body=None, *, encode_chunked=False):
        self.sent = (b"\r\n".join(self._buffer), message_body, encode_chunked)


def state(client):
    return client.sent, client._method, client._HTTPConnection__state, client._HTTPConnection__response


def by_library(host, port, *request):
    client = Connection(host, port)
    client._send_request(*request, False)
    return state(client)


def by_us(host, port, method, url, body, headers):
    """The same by `write`; None where it leaves the request to the library, which must be untouched then."""
    client = Connection(host, port)
    if not request_head.write(client, method, url, body, headers):
        assert client._buffer == []
        assert client._HTTPConnection__state == "Idle"
        return None
    client.endheaders(body)
    return state(client)


ORDINARY = [
    ("GET", "/", None, {}),
    ("GET", "/a?b=c&d=%20", None, {"Accept": "*/*", "User-Agent": "x y z"}),
    ("DELETE", "/a", None, {}),
    ("HEAD", "/a", None, {"Empty": "", "Blank": " ", "Tab": "a\tb"}),
    ("POST", "/a", None, {}),
    ("put", "/a", None, {}),
    ("POST", "/a", b"", {}),
    ("POST", "/a", b"body", {"Content-Type": "text/plain"}),
    ("POST", "/a", b"body", {"content-LENGTH": "4"}),
    ("GET", "/a", None, {"HOST": "other:1", "accept-encoding": "gzip"}),
    ("GET", "//double", None, {}),
    ("GET", "/a", None, {"Connection": "close"}),
]


@pytest.mark.parametrize("port", [80, 8080, None])
@pytest.mark.parametrize("request_", ORDINARY)
def test_ordinary_requests_are_written_as_the_library_does(request_, port):
    written = by_us("a.example", port, *request_)
    assert written is not None
    assert written == by_library("a.example", port, *request_)


@pytest.mark.parametrize(
    "request_",
    [
        ("GET", "http://a.example/", None, {}),
        ("GET", "", None, {}),
        ("GET", "*", None, {}),
        ("GET", "/a b", None, {}),
        ("GET", "/\r\nX: y", None, {}),
        ("GET", "/é", None, {}),
        ("GE T", "/", None, {}),
        ("GET\r\nX: y /", "/", None, {}),
        (b"GET", "/", None, {}),
        ("GET", "/", None, {"A": "b\r\nC: d"}),
        ("GET", "/", None, {"A": "b\r\n folded"}),
        ("GET", "/", None, {"A": "b\nC: d"}),
        ("GET", "/", None, {"A: b\r\nC": "d"}),
        ("GET", "/", None, {"A: b": "d"}),
        ("GET", "/", None, {"A B": "d"}),
        ("GET", "/", None, {"A\nHost": "d"}),
        ("GET", "/", None, {"": "d"}),
        ("GET", "/", None, {"A": "é"}),
        ("GET", "/", None, {"A": 1}),
        ("GET", "/", None, {"A": b"bytes"}),
        ("GET", "/", None, [("A", "b")]),
        ("POST", "/", "text", {}),
        ("POST", "/", iter([b"a"]), {}),
        ("POST", "/", bytearray(b"a"), {}),
        ("POST", "/", None, {"Transfer-Encoding": "chunked"}),
    ],
)
def test_other_requests_are_left_to_the_library(request_):
    assert by_us("a.example", 80, *request_) is None


@pytest.mark.parametrize("host", ["::1", "bücher.example", "a\r\nX: y"])
def test_other_hosts_are_left_to_the_library(host):
    client = Connection("a.example", 80)
    client.host = host
    assert not request_head.write(client, "GET", "/", None, {})


def test_a_tunnel_is_left_to_the_library():
    client = Connection("proxy.example", 80)
    client.set_tunnel("a.example")
    assert not request_head.write(client, "GET", "/", None, {})


def test_http_1_0_is_left_to_the_library():
    client = Connection("a.example", 80)
    client._http_vsn, client._http_vsn_str = 10, "HTTP/1.0"
    assert not request_head.write(client, "GET", "/", None, {})


def test_a_request_under_way_is_left_to_the_library():
    client = Connection("a.example", 80)
    client.putrequest("GET", "/")
    assert not request_head.write(client, "GET", "/", None, {})


@pytest.mark.parametrize("name", ["putrequest", "putheader", "_validate_path"])
def test_a_writer_that_somebody_replaced_is_called(name):
    class Traced(Connection):
        pass

    setattr(Traced, name, lambda self, *arguments, **options: None)
    assert not request_head.write(Traced("a.example", 80), "GET", "/", None, {})


def test_a_tracer_that_comes_late_is_called(monkeypatch):
    monkeypatch.setattr(http.client.HTTPConnection, "putheader", lambda self, *arguments: None)
    assert not request_head.write(Connection("a.example", 80), "GET", "/", None, {})


texts = st.text(st.characters(codec="latin-1"), max_size=8)


@given(
    st.sampled_from(["GET", "POST", "PUT", "x"]) | texts,
    texts.map(lambda text: "/" + text) | texts,
    st.none() | st.binary(max_size=4),
    st.dictionaries(st.sampled_from(["Host", "Content-Length", "a", "A-b"]) | texts, texts, max_size=4),
)
@example("GET", "/", None, {"a": "b\r\nc: d"})
def test_whatever_is_written_is_what_the_library_writes(method, url, body, headers):
    written = by_us("a.example", 8080, method, url, body, headers)
    if written is not None:
        assert written == by_library("a.example", 8080, method, url, body, headers)
