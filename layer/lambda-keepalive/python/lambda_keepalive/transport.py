"""Between the client objects and the pool: gives a client a connection, takes it back, counts.

The patches call this with their client object (`client`, an `http.client.HTTPConnection` or a subclass). Its attribute
`_keepalive` is the `Connection` whose socket it holds, `_keepalive_taint` the reason why that must not be pooled.
This module is where the pool and the statistics of the process live.
"""

import os
import socket
import time
from weakref import WeakValueDictionary

from lambda_keepalive import config, exchange, fate, guard, lifecycle
from lambda_keepalive.pool.connection import Connection, elapsed, now
from lambda_keepalive.pool.idle import IdlePool
from lambda_keepalive.pool.idle_limits import hinted_timeout
from lambda_keepalive.pool.limits import Limits
from lambda_keepalive.refusal import peer_address, refused_address, refused_socket
from lambda_keepalive.stats import stats

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from typing import Any

    # Looks at a client that is about to connect: (key or None, origin, why there is no key).
    Identify = Callable[[Any], tuple[Hashable | None, str, str | None]]

_settings = config.current()

# Origins as statistics name them, and the rule against them, by how they are dialled: asked for at each connect.
_addresses: "dict[tuple[str, str, int | None], tuple[str, str | None]]" = {}

# Who holds the socket of a connection. What keeps sockets out of the garbage collector's hands: of a forgotten client
# in a cycle it would finalize the socket, too, in any order and while other threads run, and so close what the client's
# own finalizer has given to the pool (CPython, Modules/gcmodule.c, finalize_garbage; the soak has met it).
_holders: "WeakValueDictionary[Connection, Any]" = WeakValueDictionary()


def discarded(connection: Connection, reason: str) -> None:
    """A connection is closed, by us or by its client, and not kept because of `reason`."""
    _holders.pop(connection, None)
    if connection.key is not None:
        fate.remember(connection.key, reason)
    if reason == "stale":
        _hung_up(connection)
    stats.discarded(connection.origin, reason)


def _hung_up(connection: Connection) -> None:
    moment, origin = now(), connection.origin
    pool.limits.idle.hung_up(connection, moment)
    if _settings.explain:
        idle, limit = elapsed(connection.idle_since, moment), pool.limits.idle.of(origin, moment)
        guard.say(f"explain: {origin} hung up, found after {idle:.1f} s; idle limit {limit:g} s")


def is_lost(key: "Hashable") -> bool:
    """Whether the last connection with this identity was given up, and none is left."""
    return fate.of(key) not in (None, "in-use") and not pool.holds(key)


pool = IdlePool(
    Limits(
        idle_timeout=_settings.idle_timeout,
        max_lifetime=_settings.max_lifetime,
        max_requests=_settings.max_requests,
        max_idle_per_host=_settings.max_idle_per_host,
        max_idle=_settings.max_idle,
    ),
    discarded,
)
pool.register_for_process()
os.register_at_fork(after_in_child=stats.after_fork)
stats.idle_count = pool.idle_count
stats.idle_limit = lambda origin: pool.limits.idle.of(origin, now())
# The sandbox may have been frozen since the last invocation.
lifecycle.on_start.append(pool.check)


def _abandon() -> None:
    """No connection is in a snapshot. One that was opened all the same, by a thread beside it, leads nowhere in the
    sandboxes that are restored, and each of them has the same."""
    pool.abandon("snapshot")


lifecycle.on_snapshot.append(_abandon)
lifecycle.on_restore.append(_abandon)


def connect(
    client: "Any", original: "Callable[[Any], None]", identify: "Identify", attributes: "tuple[str, ...]"
) -> None:
    """Stand in for the client's own `connect()`: adopt an idle connection with the same identity, else let it connect.

    Args:
        client: the object that wants to connect; afterwards its `sock` is set, or the original's exception is raised.
        original: the client's own `connect`.
        identify: the patch's view of the client's transport identity.
        attributes: names that `connect` sets on the client besides `sock`; they travel with the connection.
    """
    try:
        client._keepalive = None
        key, origin, refusal = identify(client)
        if key is not None and not client._keepalive_anew and _adopt(client, key):
            return
        if refusal == "runtime-api":
            original(client)
            return
    except Exception:  # noqa: BLE001
        guard.fault("connect")
        original(client)
        return
    started = time.perf_counter()
    try:
        original(client)
    except BaseException:
        guard.attempt("connect", stats.connect_error, origin)
        raise
    milliseconds = (time.perf_counter() - started) * 1000
    try:
        _attach(client, key, origin, refusal, milliseconds, attributes)
    except Exception:  # noqa: BLE001
        guard.fault("connect")


def _adopt(client: "Any", key: "Hashable") -> bool:
    connection = pool.acquire(key)
    if connection is None:
        return False
    sock = connection.sock
    try:
        set_timeout(sock, client.timeout)
    except (OSError, ValueError):
        # The library's own connect() has the right words for a time-out that is none.
        pool.discard(connection, "error")
        return False
    for name, value in connection.attributes.items():
        setattr(client, name, value)
    # Whoever connects and sends no request may want the bare socket (a tunnel): only an exchange proves it clean.
    connection.busy = True
    client.sock = sock
    client._keepalive = connection
    _holders[connection] = client
    return True


def set_timeout(sock: "Any", timeout: "Any") -> None:
    """Give an adopted socket the client's own timeout: seconds or None; anything else is one of the markers by which
    http.client and urllib3 say "the default of the process"."""
    if timeout is not None and not isinstance(timeout, (int, float)):
        timeout = socket.getdefaulttimeout()
    # Setting is a system call, looking is not.
    if sock.gettimeout() != timeout:
        sock.settimeout(timeout)


def _attach(
    client: "Any", key: "Hashable", origin: str, refusal: "str | None", milliseconds: float, names: "tuple[str, ...]"
) -> None:
    if client.sock is not None:
        values = vars(client)
        attributes = {name: values[name] for name in names if name in values}
        connection = opened(client.sock, key, origin, refusal, milliseconds, attributes)
        client._keepalive = connection
        _holders[connection] = client


def opened(
    sock: "Any",
    key: "Hashable",
    origin: str,
    refusal: "str | None",
    milliseconds: float,
    attributes: "dict[str, Any] | None" = None,
    *,
    spared: bool = False,
) -> Connection:
    """Remember a connection that a client has just opened, and say why it had to; `spared`: in mode `on` it would not
    have had to."""
    if key is not None:
        refusal = refused_socket(sock, _settings.loopback)
        if refusal is not None:
            key = None
    connection = Connection(sock, key, origin, attributes=attributes, refusal=refusal)
    if key is not None:
        connection.address = peer_address(sock)
    reason = refusal or fate.of(key) or ("identity" if fate.of(origin) else "first")
    if key is not None:
        fate.remember(key, "in-use")
        fate.remember(origin, "in-use")
    if spared and key is not None:
        stats.spared(milliseconds)
        reason = "observed"
    else:
        stats.not_reused(reason)
    stats.opened(origin, milliseconds, origin.startswith("https:"))
    if _settings.explain:
        limit = "" if key is None else f"; idle limit {pool.limits.idle.of(origin, connection.opened):g} s"
        guard.say(f"explain: opened {origin} in {milliseconds:.1f} ms, not reused: {reason}{limit}")
    return connection


def address(scheme: str, host: str, port: "int | None") -> "tuple[str, str | None]":
    """The origin's name for statistics, and the rule that keeps it out of the pool, if one does."""
    known = _addresses.get((scheme, host, port))
    if known is None:
        if len(_addresses) >= fate.MOST_REMEMBERED:
            _addresses.clear()
        known = _addresses[scheme, host, port] = f"{scheme}://{host}:{port}", refused_address(host, port, _settings)
    return known


def sending(connection: Connection, again: bool = False) -> None:
    """A request goes out on the connection; until its response is proven read it is busy. If it was lost with another
    connection and is sent `again`, it was counted then."""
    connection.busy = True
    if again:
        stats.replayed()
    else:
        stats.request(connection.origin, connection.requests > 0)
    connection.requests += 1


def retire(client: "Any") -> None:
    """The client closes or dies: take its socket away if the connection is clean, else leave it to be closed.

    Afterwards the client either has no socket, or one that its own `close` ends.
    """
    connection: Connection | None = client._keepalive
    client._keepalive = None
    if connection is not None and connection.sock is client.sock:
        reason = unsettled(client, connection)
        if reason is None:
            client.sock = None
            pool.release(connection)
        else:
            discarded(connection, reason)
    client._keepalive_taint = client._keepalive_sent = None


def unsettled(client: "Any", connection: Connection) -> "str | None":
    """Why the connection of this client must not carry another request; if there is no reason, its exchange is settled
    and None returned."""
    reason: str | None = connection.refusal or client._keepalive_taint
    if reason is not None or not connection.busy:
        return reason
    if client._HTTPConnection__state != "Idle":
        return "error"
    response = client._HTTPConnection__response
    reason = exchange.unfinished(response)
    if reason is None:
        settle(connection, response)
        if response.fp is not None:
            response.close()
    return reason


def settle(connection: Connection, response: "Any") -> None:
    """The exchange is over: the connection is idle, and the response may say how long it may stay so."""
    connection.busy = False
    if connection.requests == 1:
        hinted(connection, response.headers.get("keep-alive"))


def hinted(connection: Connection, value: "str | None") -> None:
    """The first response on a connection says in its `Keep-Alive` field, or does not, how long it may be idle."""
    connection.idle_timeout = hinted_timeout(value)
    pool.limits.idle.hinted(connection.origin, connection.idle_timeout)


def hand_over(client: "Any", response: "Any") -> None:
    """Let the response own the connection: its client is gone, the body is still to be read."""
    connection: Connection | None = client._keepalive
    if connection is None or connection.sock is not client.sock or response.fp is None:
        return
    connection.taint = client._keepalive_taint
    response._keepalive_connection = connection
    client._keepalive = None
    client.sock = None


def given_up(connection: Connection) -> None:
    """A reused connection turned out to be dead under a request: close it, and all its idle equals, which cannot be
    trusted any more."""
    pool.discard(connection, "stale")
    if connection.key is not None:
        pool.drop(connection.key, "suspect")


def response_ended(response: "Any", connection: Connection) -> None:
    """The file of a response that owns its connection is closed: keep the connection or close it."""
    reason = connection.refusal or connection.taint or exchange.unfinished(response)
    if reason is None:
        settle(connection, response)
        pool.release(connection)
    else:
        pool.discard(connection, reason)
