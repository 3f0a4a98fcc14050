"""What a request says and how its body is sent decides whether its connection may carry another one."""

from __future__ import annotations

import threading

import pytest

from tests.clients.careless import CLIENTS
from tests.clients.interpreter import Interpreter
from tests.support.origin import Exchange, Origin

# Each defines `send(url)`: a body of 2500 bytes from something that is not a string.
BODIES = {
    "requests, generator": """
        import requests

        def send(url):
            return requests.post(url, data=(b"0123456789" for _ in range(250))).json()["body"]
    """,
    "requests, file": """
        import io, requests

        def send(url):
            return requests.put(url, data=io.BytesIO(b"0123456789" * 250)).json()["body"]
    """,
    "urllib3, generator": """
        import urllib3

        def send(url):
            body = (b"0123456789" for _ in range(250))
            return json.loads(urllib3.PoolManager().request("POST", url, body=body).data)["body"]
    """,
    "urllib3, file": """
        import io, urllib3

        def send(url):
            body = io.BytesIO(b"0123456789" * 250)
            return json.loads(urllib3.PoolManager().request("POST", url, body=body).data)["body"]
    """,
    "http.client, iterable in chunks": """
        from http.client import HTTPConnection

        def send(url):
            netloc, _, path = url.partition("//")[2].partition("/")
            connection = HTTPConnection(netloc)
            connection.request("POST", "/" + path, body=iter([b"0123456789"] * 250))
            body = json.loads(connection.getresponse().read())["body"]
            connection.close()
            return body
    """,
    "http.client, by hand": """
        from http.client import HTTPConnection

        def send(url):
            netloc, _, path = url.partition("//")[2].partition("/")
            connection = HTTPConnection(netloc)
            connection.putrequest("POST", "/" + path)
            connection.putheader("Content-Length", "2500")
            connection.endheaders()
            for _ in range(250):
                connection.send(b"0123456789")
            body = json.loads(connection.getresponse().read())["body"]
            connection.close()
            return body
    """,
    "urlopen, iterable": """
        from urllib.request import Request, urlopen

        def send(url):
            request = Request(url, iter([b"0123456789"] * 250), {"Content-Length": "2500"})
            return json.loads(urlopen(request).read())["body"]
    """,
}

# Each defines `post(url, body)`: a call with a body that may break off in the middle.
POSTS = {
    "requests": """
        import requests

        def post(url, body):
            return requests.post(url, data=body).status_code
    """,
    "urllib3": """
        import urllib3

        def post(url, body):
            return urllib3.PoolManager().request("POST", url, body=body, retries=False).status
    """,
    "http.client": """
        from http.client import HTTPConnection

        def post(url, body):
            connection = HTTPConnection(url.partition("//")[2].partition("/")[0])
            try:
                connection.request("POST", "/echo", body=body)
                response = connection.getresponse()
                response.read()
                return response.status
            finally:
                connection.close()
    """,
    "http.client that nobody closes": """
        from http.client import HTTPConnection

        def post(url, body):
            connection = HTTPConnection(url.partition("//")[2].partition("/")[0])
            connection.request("POST", "/echo", body=body)
            response = connection.getresponse()
            response.read()
            return response.status
    """,
    "urlopen": """
        from urllib.request import urlopen

        def post(url, body):
            with urlopen(url, data=body) as response:
                response.read()
                return response.status
    """,
}

# Fields by which a request makes its connection unfit for others.
TAINTS = [
    {"Connection": "close"},
    {"connection": "Close"},
    {"Connection": "x-own, close"},
    {"Connection": "Upgrade", "Upgrade": "websocket"},
    {"Authorization": "Negotiate YII="},
    {"Authorization": "NTLM TlRM"},
    {"authorization": "ntlm TlRM"},
    {"Proxy-Authorization": "NTLM TlRM"},
]


@pytest.mark.parametrize("way", BODIES)
def test_a_body_of_any_kind_is_sent_once_and_keeps_the_connection(run: Interpreter, plain: Origin, way: str) -> None:
    loop = "result = [send(url) for _ in range(3)]"
    assert run(BODIES[way], loop, url=f"{plain.url}/echo") == ["0123456789" * 250] * 3
    assert (plain.received, plain.accepted) == (3, 1)


@pytest.mark.parametrize("client", POSTS)
def test_a_body_that_breaks_off_loses_the_connection_and_keeps_its_exception(
    run: Interpreter, plain: Origin, client: str
) -> None:
    loop = """
        import gc

        def breaking():
            yield b"some"
            raise LookupError("of the user")

        result = []
        for _ in range(3):
            result.append(post(url, iter([b"whole"])))  # this one is there to be spoilt
            try:
                post(url, breaking())
            except LookupError as error:
                result.append(str(error))
            gc.collect()
    """
    assert run(POSTS[client], loop, url=f"{plain.url}/echo") == [200, "of the user"] * 3
    assert [request.body for request in plain.requests] == [b"whole"] * 3
    assert plain.accepted == 3


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("fields", TAINTS, ids=lambda fields: ", ".join(map(": ".join, fields.items())))
def test_a_request_that_binds_its_connection_has_it_for_itself(
    run: Interpreter, plain: Origin, client: str, fields: dict[str, str]
) -> None:
    code = """
        result = []
        for _ in range(2):
            result.append(fetch(url + "/bytes/1", headers=fields))
            result.append(fetch(url + "/bytes/3"))
            result.append(fetch(url + "/bytes/3"))
    """
    answers = run(CLIENTS[client], code, url=plain.url, fields=fields)
    assert answers == [[200, "0"], [200, "012"], [200, "012"]] * 2
    tainted = {request.connection_id for request in plain.requests if request.path == "/bytes/1"}
    last_on = {request.connection_id: request.path for request in plain.requests}
    assert {last_on[connection] for connection in tainted} == {"/bytes/1"}
    for name, value in fields.items():
        if client == "urlopen" and name == "Connection":
            value = "close"  # whatever its caller says
        sent = [request.header(name) for request in plain.requests if request.path == "/bytes/1"]
        assert [text.lower() for text in sent] == [value.lower()] * 2


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("fields", [{"Authorization": "Basic eDp5"}, {"Authorization": "Bearer ntlm-like negotiate"}])
def test_credentials_of_a_request_alone_do_not_bind_its_connection(
    run: Interpreter, plain: Origin, client: str, fields: dict[str, str]
) -> None:
    code = "result = [fetch(url, headers=fields)[0] for _ in range(3)]"
    assert run(CLIENTS[client], code, url=plain.url, fields=fields) == [200] * 3
    assert plain.accepted == 1


BOTO = """
    import boto3, io
    from botocore.config import Config
    from botocore.exceptions import ClientError

    def put(n):
        client = boto3.client("s3", endpoint_url=url, config=Config(s3={"addressing_style": "path"}))
        try:
            answer = client.put_object(Bucket="bucket", Key=str(n), Body=b"x" * 100000)
        except ClientError as error:
            answer = error.response
        return answer["ResponseMetadata"]["HTTPStatusCode"]
"""


def test_expect_100_continue_of_botocore_keeps_the_connection(run: Interpreter, plain: Origin) -> None:
    bodies = []

    def store(exchange: Exchange) -> None:
        bodies.append(exchange.read_body())
        exchange.respond(200, b"", [("ETag", '"x"')])

    for n in range(3):
        plain.route(f"/bucket/{n}", store, before_body=True)
    assert run(BOTO, "result = [put(n) for n in range(3)]", url=plain.url) == [200] * 3
    assert len(bodies) == 3
    assert all(b"x" * 65536 in body for body in bodies)
    assert {request.header("Expect") for request in plain.requests} == {"100-continue"}
    assert plain.accepted == 1


def test_a_final_answer_instead_of_100_continue_loses_the_connection(run: Interpreter, plain: Origin) -> None:
    """The body was announced and not sent: the server may still wait for it."""

    def refuse(exchange: Exchange) -> None:
        exchange.respond(403)

    for n in range(3):
        plain.route(f"/bucket/{n}", refuse, before_body=True)
    assert run(BOTO, "result = [put(n) for n in range(3)]", url=plain.url) == [403] * 3
    assert plain.accepted == 3


@pytest.mark.parametrize("client", CLIENTS)
def test_an_answer_before_the_body_was_read_reaches_its_client(run: Interpreter, plain: Origin, client: str) -> None:
    code = """
        result = []
        for _ in range(2):
            result.append(fetch(url + "/early/413?keep=1", "POST", b"x" * 300000))
            result.append(fetch(url + "/bytes/3"))
    """
    assert run(CLIENTS[client], code, url=plain.url) == [[413, "enough"], [200, "012"]] * 2


@pytest.mark.parametrize("client", CLIENTS)
def test_no_request_is_sent_twice_whatever_happens_to_the_connection(
    run: Interpreter, plain: Origin, client: str
) -> None:
    arrived: list[str] = []
    lock = threading.Lock()

    def die(exchange: Exchange) -> None:
        with lock:
            arrived.append(exchange.request.query["id"])
        exchange.reset()

    plain.route("/die", die)
    code = """
        result = []
        for n in range(3):
            assert fetch(url + "/bytes/3") == [200, "012"]
            result.append(fetch(f"{url}/die?id={n}", "POST", b"body"))
    """
    answers = run(CLIENTS[client], code, url=plain.url)
    assert arrived == ["0", "1", "2"]
    assert all(isinstance(answer, str) for answer in answers), "each failed with an exception"
