"""What mode `observe` sees of the exchanges on connection objects of http.client, and of whatever stands on it.

`client` is an `http.client.HTTPConnection`; its attribute `_keepalive` is the `Connection` that it speaks on.
"""

from lambda_keepalive import exchange, observe, transport

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lambda_keepalive.pool.connection import Connection


def answered(client: "Any", connection: "Connection", response: "Any") -> None:
    """The head of the response is here; if it announced a close, the client has let go of the connection."""
    response._keepalive_asked = client._keepalive_asks
    client._keepalive = connection
    if client.sock is None:
        follow(client, response)
        if client._keepalive is not None:
            client._keepalive = None
            connection.taint = client._keepalive_taint
            response_ended(response, connection)


def unsettled(client: "Any", connection: "Connection") -> "str | None":
    """Why the connection of this client must not carry another request; if there is no reason, its exchange is settled
    and None returned."""
    reason: str | None = connection.refusal or client._keepalive_taint
    if reason is None and connection.busy:
        response = client._HTTPConnection__response
        reason = "error" if client._HTTPConnection__state != "Idle" else exchange.unfinished(response)
        if reason is None:
            transport.settle(connection, response)
    return reason


def retire(client: "Any") -> None:
    """The client closes or dies, which ends its connection: would it have been kept?"""
    connection: Connection | None = client._keepalive
    client._keepalive = None
    if connection is not None:
        observe.leave(connection, unsettled(client, connection))
    client._keepalive_taint = None


def follow(client: "Any", response: "Any") -> None:
    """The client is gone and its response is still being read: from here on the response tells."""
    connection: Connection | None = client._keepalive
    if connection is not None and response.fp is not None:
        connection.taint = client._keepalive_taint
        response._keepalive_connection = connection
        client._keepalive = None


def response_ended(response: "Any", connection: "Connection") -> None:
    """A response without a client is over: would its connection have been kept?"""
    taint, seen = connection.taint, response
    if taint == "asked-close" and response._keepalive_asked and response.version == 11:
        # Mode `on` does not send the `Connection: close` of `urlopen`.
        taint, seen = None, _AsIfKept(response)
    reason = connection.refusal or taint or exchange.unfinished(seen)
    if reason is None:
        connection.taint = None
        transport.settle(connection, response)
    observe.leave(connection, reason)


class _AsIfKept:
    """A response as it would be, had its request not asked for a close: what `exchange.unfinished` reads of one."""

    will_close = False

    def __init__(self, response: "Any") -> None:
        self._response = response
        self.headers = self

    def __getattr__(self, name: str) -> "Any":
        return getattr(self._response, name)

    def raw_items(self) -> "list[tuple[str, str]]":
        """The header fields, without `Connection`."""
        return [(name, value) for name, value in self._response.headers.raw_items() if name.lower() != "connection"]
