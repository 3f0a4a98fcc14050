"""What a load balancer with sticky targets does, on an `Origin`: two targets, named by a cookie.

Each call without a cookie lands on the next target; with the cookie, on the one that it names. The application behind
it sets a session cookie, which must never come back from anybody else.
"""

from __future__ import annotations

import time

from tests.support.origin import Exchange, Origin

TARGETS = ("one", "two")


class LoadBalancer:
    """Takes over `/sticky` of an origin.

    Args:
        origin: where it answers.
        attributes: of its cookie, such as `; Max-Age=60`.
        fetching: seconds that a target takes to get a client's state from the one which served it last.

    Attributes:
        landed: on which target each request landed, in order.
        cookies: the `Cookie` field of each request, in order, empty without one.
    """

    def __init__(self, origin: Origin, attributes: str = "; Path=/", fetching: float = 0) -> None:
        self.landed: list[str] = []
        self.cookies: list[str] = []
        self._attributes = attributes
        self._fetching = fetching
        origin.route("/sticky", self._answer)

    def _answer(self, exchange: Exchange) -> None:
        field = exchange.request.header("Cookie", "")
        self.cookies.append(field)
        given = dict(each.strip().partition("=")[::2] for each in field.split(";") if each.strip())
        target = given.get("AWSALB", TARGETS[len(self.landed) % len(TARGETS)])
        if self.landed[-1:] != [target]:
            time.sleep(self._fetching)
        self.landed.append(target)
        cookies = [f"AWSALB={target}{self._attributes}", f"AWSALBCORS={target}{self._attributes}", "session=secret"]
        exchange.respond(200, b"{}", [("Set-Cookie", cookie) for cookie in cookies])
