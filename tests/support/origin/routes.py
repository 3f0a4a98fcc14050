"""The behaviours that a client can ask for by path.

| path | what the server does |
| --- | --- |
| `/` | answers JSON: which connection this is, and which request on it |
| `/bytes/N` | answers N bytes with Content-Length |
| `/chunked/N` | answers N bytes in chunks; `?trailer=1` adds a trailer field |
| `/no-length` | answers a body that ends with the connection |
| `/http10` | answers as HTTP/1.0 and closes; `?keep=1` agrees to keep the connection |
| `/gzip` | answers JSON with Content-Encoding: gzip |
| `/status/N` | answers that status |
| `/redirect/N` | redirects N times, ends at `/`; `?status=307` chooses the kind |
| `/redirect?to=URL` | redirects there |
| `/continue` | sends `100 Continue` twice before the answer |
| `/early/N` | answers status N before reading the body, and closes; `?keep=1` reads the body and goes on |
| `/surplus` | sends bytes after the response in the same segment |
| `/slow/MS` | waits before it answers |
| `/echo` | answers JSON: method, target, header fields and body of the request |
| `/cookie?name=value` | sets cookies |
| `/keepalive-timeout/N` | answers with `Keep-Alive: timeout=N` |
| `/close` | answers `Connection: close`, and closes |
| `/silent-close` | answers as if it kept the connection, and sends a FIN |
| `/reset` | answers as if it kept the connection, and sends an RST |
| `/drop` | closes without an answer |
| `/truncated` | announces more bytes than it sends, and closes |
| `POST /` with `X-Amz-Target` | answers as DynamoDB or SQS would, see `aws` |

Anything else is 404. Sizes and times are bounded by the test that asks.
"""

from __future__ import annotations

import gzip
import json

from tests.support.origin import aws
from tests.support.origin.exchange import Exchange, Handler
from tests.support.origin.wire import chunk, head_of_response, last_chunk

# Several chunks even for a small body, and not a divisor of the usual sizes.
CHUNK_SIZE = 1000


def _argument(exchange: Exchange) -> int:
    """The number at the end of the path."""
    return int(exchange.request.path.rpartition("/")[2])


def _body(size: int) -> bytes:
    """A body in which a missing or doubled byte shows."""
    return bytes(b"0123456789" * (size // 10 + 1))[:size]


def _root(exchange: Exchange) -> None:
    request = exchange.request
    if request.header("X-Amz-Target"):
        aws.answer(exchange)
    else:
        exchange.respond_json({"connection": request.connection_id, "number": request.number_on_connection})


def _bytes(exchange: Exchange) -> None:
    exchange.respond(200, _body(_argument(exchange)))


def _chunked(exchange: Exchange) -> None:
    trailers = [("X-Trailer", "1")] if "trailer" in exchange.request.query else []
    fields = [("Transfer-Encoding", "chunked")]
    fields += [("Trailer", name) for name, _ in trailers]
    fields += [("Connection", "close")] if exchange.closing else []
    head = head_of_response(200, fields)
    if exchange.request.method == "HEAD":
        exchange.send(head)
        return
    body = _body(_argument(exchange))
    chunks = [chunk(body[start : start + CHUNK_SIZE]) for start in range(0, len(body), CHUNK_SIZE)]
    exchange.send(head + b"".join(chunks) + last_chunk(trailers))


def _no_length(exchange: Exchange) -> None:
    exchange.send(head_of_response(200, [("Content-Type", "text/plain")]) + b"until the end")
    exchange.close_afterwards()


def _http10(exchange: Exchange) -> None:
    keep = "keep" in exchange.request.query and not exchange.closing
    exchange.respond(200, b"old", [("Connection", "keep-alive")] if keep else (), version="HTTP/1.0")
    if not keep:
        exchange.close_afterwards()


def _gzip(exchange: Exchange) -> None:
    exchange.respond(200, gzip.compress(json.dumps({"packed": True}).encode()), [("Content-Encoding", "gzip")])


def _status(exchange: Exchange) -> None:
    exchange.respond_json({}, _argument(exchange))


def _redirect(exchange: Exchange) -> None:
    query = exchange.request.query
    location = query.get("to")
    if location is None:
        left = _argument(exchange) - 1
        location = f"/redirect/{left}?status={query.get('status', 302)}" if left > 0 else "/"
    exchange.respond(int(query.get("status", 302)), b"elsewhere", [("Location", location)])


def _continue(exchange: Exchange) -> None:
    exchange.send(head_of_response(100, ()) * 2)
    exchange.respond(200, b"after two interim responses")


def _early(exchange: Exchange) -> None:
    keep = "keep" in exchange.request.query
    if not keep:
        exchange.close_afterwards()
    exchange.respond(_argument(exchange), b"enough")
    if keep:
        exchange.read_body()


def _surplus(exchange: Exchange) -> None:
    exchange.respond(200, b"answer", surplus=head_of_response(200, [("Content-Length", "6")]) + b"poison")


def _slow(exchange: Exchange) -> None:
    exchange.pause(_argument(exchange) / 1000)
    exchange.respond(200, b"at last")


def _echo(exchange: Exchange) -> None:
    request = exchange.request
    exchange.respond_json(
        {
            "method": request.method,
            "target": request.target,
            "headers": request.headers,
            "body": request.body.decode("latin-1"),
        }
    )


def _cookie(exchange: Exchange) -> None:
    cookies = [("Set-Cookie", f"{name}={value}; Path=/") for name, value in exchange.request.query.items()]
    exchange.respond(200, b"set", cookies)


def _keepalive_timeout(exchange: Exchange) -> None:
    exchange.respond(200, b"for a while", [("Keep-Alive", f"timeout={_argument(exchange)}")])


def _close(exchange: Exchange) -> None:
    exchange.close_afterwards()
    exchange.respond(200, b"goodbye")


def _silent_close(exchange: Exchange) -> None:
    exchange.respond(200, b"see you")
    exchange.hang_up()


def _reset(exchange: Exchange) -> None:
    exchange.respond(200, b"see you")
    exchange.reset()


def _drop(exchange: Exchange) -> None:
    exchange.hang_up()


def _truncated(exchange: Exchange) -> None:
    exchange.send(head_of_response(200, [("Content-Length", "100")]) + b"only this")
    exchange.hang_up()


def not_found(exchange: Exchange) -> None:
    """Answer for a path that no route has."""
    exchange.respond_json({"unknown path": exchange.request.path}, 404)


# By the first segment of the path; what follows it is the behaviour's argument.
ROUTES: dict[str, Handler] = {
    "": _root,
    "bytes": _bytes,
    "chunked": _chunked,
    "no-length": _no_length,
    "http10": _http10,
    "gzip": _gzip,
    "status": _status,
    "redirect": _redirect,
    "continue": _continue,
    "early": _early,
    "surplus": _surplus,
    "slow": _slow,
    "echo": _echo,
    "cookie": _cookie,
    "keepalive-timeout": _keepalive_timeout,
    "close": _close,
    "silent-close": _silent_close,
    "reset": _reset,
    "drop": _drop,
    "truncated": _truncated,
}

# Those that decide for themselves when, and whether, to read the request's body.
BEFORE_BODY: frozenset[Handler] = frozenset({_early})
