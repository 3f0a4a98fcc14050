"""What mode `observe` sees at the seams of httpcore, of either half; each method is called beside the original.

`client` is an `HTTP11Connection` or `AsyncHTTP11Connection`, `dialler` the object that connects for it; the mark
`_keepalive` on its stream is the `Connection`.
"""

from lambda_keepalive import guard, httpcore_exchange, httpcore_key, observe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lambda_keepalive.httpcore_key import Half
    from lambda_keepalive.observe import Forecast, Held
    from lambda_keepalive.pool.connection import Connection


class Watch:
    """Follows the connections of one half of httpcore.

    Args:
        half: as `httpcore_key` describes it.
        held: keeps what its clients hold idle.
    """

    def __init__(self, half: "Half", held: "Held") -> None:
        self._half = half
        self._held = held

    def foresee(self, dialler: "Any", request: "Any") -> "Forecast | None":
        """It is about to dial, for this request; a tunnel has an identity of its own."""
        if request.method == b"CONNECT":
            return None
        return observe.foresee(*httpcore_key.identify(dialler, request, self._half))

    def foresee_tunnel(self, dialler: "Any", request: "Any") -> "Forecast | None":
        """It is about to have a tunnel made, if it has none; until that stands nothing else will belong to it."""
        if dialler._connected:
            return None
        forecast = observe.foresee(*httpcore_key.identify_tunnel(dialler, self._half))
        request._keepalive_tunnel = forecast
        return forecast

    def opened(self, stream: "Any", forecast: "Forecast") -> None:
        """The stream has been opened as foreseen."""
        connection = forecast.opened(self._half.socket_of(stream))
        # The stream of a network backend of the user's may have no room for the mark.
        if hasattr(stream, "__dict__"):
            stream._keepalive = connection

    def carrying(self, client: "Any", request: "Any") -> "Connection | None":
        """The connection that is going to carry the request, if it is free then; None if it is not followed."""
        stream = client._network_stream
        forecast = vars(request).pop("_keepalive_tunnel", None)
        if forecast is not None:
            self.opened(stream, forecast)
        connection: Connection | None = getattr(stream, "_keepalive", None)
        return connection

    def sending(self, client: "Any", request: "Any") -> None:
        """The head of a request goes out. Of requests that were given the same connection one gets here; httpcore sends
        the others to another one."""
        connection = getattr(client._network_stream, "_keepalive", None)
        if connection is not None:
            observe.sending(client, connection)
            httpcore_exchange.taint(connection, request)

    def answered(self, client: "Any", connection: "Connection", response: "Any") -> None:
        """The head of the response is here."""
        try:
            httpcore_exchange.answered(connection, response, httpcore_key.own_limit(client))
        except Exception:  # noqa: BLE001
            connection.taint = "error"
            guard.fault("httpcore response")

    def rested(self, client: "Any") -> None:
        """The response was read, or given up."""
        connection = getattr(client._network_stream, "_keepalive", None)
        if connection is not None and client.is_idle():
            self._held.hold(client, connection)

    def retire(self, client: "Any") -> None:
        """The client closes or dies, which ends its connection: would it have been kept?"""
        connection: Connection | None = getattr(client._network_stream, "_keepalive", None)
        if connection is not None:
            del client._network_stream._keepalive
            reason = httpcore_exchange.unfinished(client, connection)
            observe.leave(connection, reason, connection.idle_since)
