"""The moment an `http.client` response lets go of its file: how it ended is noted, and who followed it is told.

A response that is watched has `_keepalive_end` set to `WATCHED`; one whose client is gone has the connection as
`_keepalive_connection`.
"""

from lambda_keepalive import exchange, guard

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# `HTTPResponse._keepalive_end` of a response that is watched and has not ended.
WATCHED = ""


def reporting_to(follower: "Any") -> "Callable[[Any], Any]":
    """What makes the replacement of `HTTPResponse._close_conn`.

    Args:
        follower: the module whose `response_ended(response, connection)` is called when a response without a client
            has ended.
    """

    def replacement(original: "Any") -> "Any":
        def _close_conn(self: "Any") -> None:
            if self._keepalive_end == WATCHED:
                try:
                    self._keepalive_end = exchange.end_of(self)
                except Exception:  # noqa: BLE001
                    self._keepalive_end = exchange.EARLY
                    guard.fault("end of response")
            original(self)
            connection = self._keepalive_connection
            if connection is not None:
                self._keepalive_connection = None
                try:
                    follower.response_ended(self, connection)
                except Exception:  # noqa: BLE001
                    # Nobody else has the connection: its socket is closed with it.
                    guard.fault("end of response")

        return _close_conn

    return replacement
