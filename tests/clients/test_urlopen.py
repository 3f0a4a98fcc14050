"""`urlopen` gives the genuine `http.client.HTTPResponse`, with every part of its interface as without the layer."""

from __future__ import annotations

import pytest

from tests.clients.interpreter import Interpreter
from tests.support.origin import Origin

INTERFACE = """
    import http.client, io
    from urllib.request import Request, urlopen

    def facts(path):
        response = urlopen(url + path)
        genuine = type(response) is http.client.HTTPResponse
        with response as entered:
            seen = {
                "genuine": genuine,
                "entered": entered is response,
                "geturl": response.geturl().removeprefix(url),
                "url": response.url.removeprefix(url),
                "info": type(response.info()).__name__,
                "same": response.info() is response.headers,
                "headers": [(name, value) for name, value in response.headers.items() if name != "Connection"],
                "getheaders": len(response.getheaders()) - ("Connection" in response.headers),
                "getheader": [response.getheader("content-type"), response.getheader("x-missing", "default")],
                "code": [response.getcode(), response.code, response.status, response.reason, response.msg],
                "version": [response.version, response.chunked, response.length, response.debuglevel],
                "readable": [response.readable(), response.writable(), response.seekable(), response.isatty()],
                "fileno": response.fileno() > 2,
                "open": [response.closed, response.isclosed()],
                "peek": response.peek(3)[:3].decode(),
                "read": response.read(3).decode(),
                "read1": response.read1(2).decode(),
                "readinto": [response.readinto(buffer := bytearray(2)), buffer.decode()],
                "readline": response.readline(4).decode(),
                "iteration": "".join(line.decode() for line in response),
                "end": [response.read().decode(), response.isclosed(), response.closed],
            }
        seen["closed"] = [response.closed, response.isclosed()]
        try:
            response.read()
        except ValueError as error:
            seen["read closed"] = str(error)
        try:
            response.fileno()
        except (AttributeError, OSError, ValueError) as error:
            seen["fileno closed"] = type(error).__name__
        return seen

    result = [facts(path) for path in ("/bytes/25", "/chunked/25", "/redirect?to=/bytes/25")]
"""


def test_the_response_has_the_whole_interface(run: Interpreter, origin: Origin) -> None:
    with_layer = run(INTERFACE, url=origin.url)
    assert origin.accepted == 1
    assert with_layer == run(INTERFACE, layer=False, url=origin.url)
    assert all(facts["genuine"] for facts in with_layer)


def test_the_request_differs_in_the_connection_field_alone(run: Interpreter, plain: Origin) -> None:
    code = """
        from urllib.request import Request, urlopen
        urlopen(url + "/bytes/1").read()
        urlopen(url + "/bytes/1", data=b"a=1").read()
        urlopen(Request(url + "/bytes/1", headers={"X-Own": "1", "User-agent": "own"}, method="PUT")).read()
    """
    run(code, url=plain.url)
    ours = [(request.method, request.headers, request.body) for request in plain.requests]
    plain.reset()
    run(code, layer=False, url=plain.url)
    theirs = [(request.method, request.headers, request.body) for request in plain.requests]
    assert [(method, [*headers, ("Connection", "close")], body) for method, headers, body in ours] == theirs


@pytest.mark.parametrize("value", ["close", "keep-alive"])
def test_a_request_that_has_a_connection_field_of_its_own_goes_out_as_it_is(
    run: Interpreter, plain: Origin, value: str
) -> None:
    code = """
        from urllib.request import Request, urlopen
        for _ in range(2):
            urlopen(Request(url, headers={"Connection": value})).read()
    """
    run(code, url=plain.url, value=value)
    ours = [request.headers for request in plain.requests]
    assert plain.accepted == 2
    plain.reset()
    run(code, layer=False, url=plain.url, value=value)
    assert ours == [request.headers for request in plain.requests]


def test_an_http_error_is_a_response_with_a_body(run: Interpreter, plain: Origin) -> None:
    code = """
        from urllib.error import HTTPError
        from urllib.request import urlopen
        result = []
        for _ in range(3):
            try:
                urlopen(url + "/nowhere")
            except HTTPError as error:
                result.append([error.code, error.reason, error.geturl().removeprefix(url), error.read().decode()])
                error.close()
    """
    answers = run(code, url=plain.url)
    assert plain.accepted == 1
    assert answers == run(code, layer=False, url=plain.url)


def test_an_http_error_that_nobody_reads_loses_the_connection_and_nothing_else(run: Interpreter, plain: Origin) -> None:
    code = """
        import gc
        from urllib.error import HTTPError
        from urllib.request import urlopen
        for _ in range(3):
            try:
                urlopen(url + "/nowhere")
            except HTTPError:
                pass
            gc.collect()
        result = urlopen(url + "/bytes/3").read().decode()
    """
    assert run(code, url=plain.url) == "012"
    assert plain.received == 4


def test_handlers_with_a_connection_class_of_their_own_are_left_alone(run: Interpreter, plain: Origin) -> None:
    code = """
        import http.client
        from urllib.request import HTTPHandler, build_opener
        made = []

        class Own(http.client.HTTPConnection):
            def connect(self):
                made.append(self)
                super().connect()

        class Handler(HTTPHandler):
            def http_open(self, request):
                return self.do_open(Own, request)

        for _ in range(3):
            build_opener(Handler).open(url).read()
        result = len(made)
    """
    assert run(code, url=plain.url) == 3
    assert plain.accepted == 3
    assert {request.header("Connection") for request in plain.requests} == {"close"}


def test_urlretrieve_and_other_schemes_work_as_ever(run: Interpreter, plain: Origin) -> None:
    code = """
        import os
        from urllib.request import urlcleanup, urlopen, urlretrieve
        result = []
        for _ in range(2):
            path, headers = urlretrieve(url + "/bytes/12")
            result.append([os.path.getsize(path), headers["Content-Length"]])
        urlcleanup()
        result.append(urlopen("data:text/plain,hello").read().decode())
    """
    assert run(code, url=plain.url) == [[12, "12"], [12, "12"], "hello"]
    assert plain.accepted == 1
