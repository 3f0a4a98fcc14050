"""What is said to the Extensions API, and what becomes of bad answers."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.extension.conftest import Start
from tests.extension.network import own_network
from tests.extension.record import small
from tests.extension.stub import DEADLINE, HANG_UP, IDENTIFIER, REGISTERED, Stub, response, shutdown_event

REGISTER = (
    "POST /2020-01-01/extension/register HTTP/1.1\r\n"
    "Host: 127.0.0.1:{port}\r\n"
    "Lambda-Extension-Name: lambda-keepalive\r\n"
    "Content-Type: application/json\r\n"
    "Content-Length: 23\r\n"
    "\r\n"
    '{{"events":["SHUTDOWN"]}}'
)
NEXT = (
    "GET /2020-01-01/extension/event/next HTTP/1.1\r\n"
    "Host: 127.0.0.1:{port}\r\n"
    f"Lambda-Extension-Identifier: {IDENTIFIER}\r\n"
    "\r\n"
)
INVOKE = response(b'{"eventType":"INVOKE","requestId":"a","deadlineMs":1}')


def chunked(body: bytes, size: int, ending: bytes = b"0\r\n\r\n") -> bytes:
    """`body` in chunks of `size`, with a chunk extension (RFC 9112, 7.1)."""
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x;a=b\r\n%s\r\n" % (len(part), part) for part in parts) + ending


def test_requests_byte_for_byte(start: Start) -> None:
    """One registration for SHUTDOWN alone, then one wait for an event."""
    extension = start()
    port = extension.stub.port
    assert extension.stub.request().decode() == REGISTER.format(port=port)
    assert extension.stub.request().decode() == NEXT.format(port=port)
    assert extension.finish() == []
    assert extension.stub.requests.empty()


def test_event_other_than_shutdown_is_passed_over(start: Start) -> None:
    extension = start().ready()
    extension.stub.events.put([INVOKE])
    assert extension.stub.request().decode() == NEXT.format(port=extension.stub.port)
    assert extension.finish() == []


OTHER_FORMS = {
    "a byte at a time": [bytes([byte]) for byte in REGISTERED],
    "interim response first": [b"HTTP/1.1 100 Continue\r\n\r\n" + REGISTERED],
    "no reason phrase, other case": [
        b"HTTP/1.1 200\r\n",
        f"lambda-extension-identifier:\t{IDENTIFIER} \r\nCONTENT-LENGTH: 0\r\n\r\n".encode(),
    ],
    "chunked": [
        f"HTTP/1.1 200 OK\r\nLambda-Extension-Identifier: {IDENTIFIER}\r\n".encode(),
        b"Transfer-Encoding: chunked\r\n\r\n",
        *[bytes([byte]) for byte in chunked(b'{"functionName":"demo"}', 5)],
    ],
}


@pytest.mark.parametrize("answer", OTHER_FORMS.values(), ids=OTHER_FORMS)
def test_registration_answered_in_other_forms(start: Start, answer: Sequence[bytes]) -> None:
    stub = Stub()
    stub.registrations.put(answer)
    extension = start(stub=stub).ready()
    assert extension.finish() == []


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param([bytes([byte]) for byte in shutdown_event("timeout")], id="a byte at a time"),
        pytest.param(
            [
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n",
                chunked(b'{"eventType": "SHUTDOWN", "shutdownReason" : "timeout"}', 7, b"0\r\nTrailer: 1\r\n\r\n"),
            ],
            id="chunked with a trailer",
        ),
    ],
)
def test_shutdown_in_other_forms(start: Start, answer: Sequence[bytes]) -> None:
    extension = start().ready()
    extension.write(small("a", "checkpoint"))
    extension.stub.events.put(answer)
    rest, _ = extension.process.communicate()
    assert extension.process.returncode == 0
    assert b'"shutdownReason":"timeout"' in rest


def test_shutdown_whose_end_is_the_end_of_the_connection(start: Start) -> None:
    """A body without a length ends with the connection (RFC 9112, 6.3)."""
    extension = start().ready()
    extension.stub.events.put([b'HTTP/1.0 200 OK\r\n\r\n{"eventType":"SHUTDOWN"}', HANG_UP])
    assert extension.process.wait(DEADLINE) == 0


BAD = {
    "hang-up": HANG_UP,
    "500": response(b'{"errorMessage":"x"}', status="500 Internal Server Error"),
    "403": response(b'{"errorType":"Extension.InvalidEventType"}', status="403 Forbidden"),
    "garbage": b"\x00\xff garbage \r\n\r\n",
    "other protocol": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "endless headers": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000,
    "no identifier": response(b"{}"),
    "identifier too long": response(b"{}", "Lambda-Extension-Identifier: " + "a" * 65),
    "negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    "absurd length": b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
    "absurd chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
    "bad chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabcd\r\n",
    "other coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
}


@pytest.mark.parametrize("answer", [[answer] for answer in BAD.values()], ids=BAD)
def test_bad_answer_to_register_is_tried_again(start: Start, answer: Sequence[bytes]) -> None:
    """An extension that gives up takes the function with it. What fails twice in a row is told in one line."""
    stub = Stub()
    for _ in range(3):
        stub.registrations.put(answer)
    extension = start(stub=stub).ready()
    assert extension.line().startswith("lambda-keepalive: Runtime API: ")
    extension.write(small("a"))
    assert '"requestId":"a"' in extension.line()
    assert extension.finish() == []


@pytest.mark.parametrize("answer", [[answer] for answer in BAD.values()], ids=BAD)
def test_bad_answer_to_next_is_asked_for_again(start: Start, answer: Sequence[bytes]) -> None:
    """Records are printed meanwhile, and SHUTDOWN is still heard."""
    extension = start().ready()
    for _ in range(3):
        extension.stub.events.put(answer)
        assert extension.stub.request().decode() == NEXT.format(port=extension.stub.port)
    assert extension.line().startswith("lambda-keepalive: Runtime API: ")
    extension.write(small("a"))
    assert '"requestId":"a"' in extension.line()
    assert extension.finish() == []


def test_server_that_closes_an_idle_connection_is_not_worth_a_line(start: Start) -> None:
    extension = start().ready()
    extension.stub.events.put([HANG_UP])
    assert extension.stub.request().decode() == NEXT.format(port=extension.stub.port)
    assert extension.finish() == []


def test_runtime_api_that_never_answers_is_waited_for(start: Start) -> None:
    """Nothing in the API says how long an answer may take; waiting costs nothing."""
    stub = Stub()
    stub.registrations.put([REGISTERED[:20]])
    extension = start(stub=stub)
    assert extension.stub.request().startswith(b"POST ")
    assert extension.process.poll() is None


def test_runtime_api_that_is_not_there_yet_is_tried_again(start: Start) -> None:
    stub = Stub()
    stub.close()
    extension = start(stub=stub)
    assert extension.line() == "lambda-keepalive: Runtime API: connection refused; trying again"
    assert extension.process.poll() is None


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1.2.3"])
def test_host_of_the_runtime_api_is_used_as_given(start: Start, host: str) -> None:
    stub = Stub("0.0.0.0" if host.startswith("127.1") else "127.0.0.1")
    extension = start(stub=stub, AWS_LAMBDA_RUNTIME_API=f"{host}:{stub.port}")
    assert f"\r\nHost: {host}:{stub.port}\r\n".encode() in extension.stub.request()


UNUSABLE = (
    "nonsense",
    "127.0.0.1",
    "127.0.0.1:0",
    "127.0.0.1:99999",
    "127.0.0:1",
    "1.2.3.256:1",
    "1.2.3.4.5:1",
    "+1.2.3.4:1",
    "[::1]:9001",
    "127.0.0.1:" + "0" * 20 + "9001",
)


@own_network
def test_unusable_address_is_told_and_the_usual_one_tried(start: Start) -> None:
    for value in ("", *UNUSABLE):
        extension = start(AWS_LAMBDA_RUNTIME_API=value)
        expected = f"lambda-keepalive: AWS_LAMBDA_RUNTIME_API={value} cannot be used; using 127.0.0.1:9001"
        assert extension.line() == expected
