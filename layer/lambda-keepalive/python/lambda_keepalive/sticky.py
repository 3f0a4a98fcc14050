"""Keeps the cookies by which load balancers find the same target again; opt-in, and no other cookie ever.

A target that knows the client answers faster, and a client that throws its cookies away with each call lands on another
one each time. These cookies name a target and nothing else, so that they may be shared where no session cookie may be.
"""

import re
import time
from fnmatch import fnmatchcase

from lambda_keepalive import config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

# Of AWS (ALB by duration, by target group, and Classic), Google, Azure App Service and Cloudflare, as they document
# them. Cookies that an application names for its stickiness are the application's.
_AWS = ("AWSALB", "AWSALBCORS", "AWSALBTG", "AWSALBTGCORS", "AWSELB", "AWSELBCORS")
NAMES = frozenset((*_AWS, "GCLB", "ARRAffinity", "ARRAffinitySameSite", "__cflb"))

# RFC 6265, 4.1.1 (cookie-octet). Longer ones than browsers take (RFC 6265, 6.1) are not a load balancer's.
_VALUE = re.compile(r"[!#-+\--:<-\[\]-~]{0,4096}").fullmatch

# More origins than a function has behind sticky load balancers.
_MOST_ORIGINS = 100

# Value and the wall clock's time at which it ends, by name, by origin.
_kept: "dict[str, dict[str, tuple[str, float]]]" = {}


def origin_of(scheme: str, host: str, port: int) -> "str | None":
    """The origin's name in this module, None unless KEEPALIVE_STICKY_HOSTS names the host."""
    host = host.lower()
    if not any(fnmatchcase(host, glob) for glob in config.current().sticky_hosts):
        return None
    return f"{scheme}://{host}:{port}"


def store(origin: str, fields: "Iterable[str]") -> None:
    """Keep what a response's `Set-Cookie` fields say of our cookies, until they end.

    The origin alone gets them back, so that `Domain` changes nothing; one with a `Path` of its own is left out, for
    load balancers have none.
    """
    for field in fields:
        pair, *attributes = field.split(";")
        name, _, value = (part.strip() for part in pair.partition("="))
        if name not in NAMES or _VALUE(value) is None:
            continue
        said = {key.strip().lower(): text.strip() for key, _, text in (each.partition("=") for each in attributes)}
        end = _end(said.get("max-age"), said.get("expires"))
        cookies = _kept.get(origin)
        if end <= time.time() or said.get("path", "/") != "/":
            if cookies is not None:
                cookies.pop(name, None)
        elif cookies is not None:
            cookies[name] = (value, end)
        elif len(_kept) < _MOST_ORIGINS:
            _kept[origin] = {name: (value, end)}


def _end(age: "str | None", expires: "str | None") -> float:
    """When a cookie ends: `Max-Age` counts before `Expires` (RFC 6265, 5.3); what cannot be read ends it at once."""
    if age is not None:
        return time.time() + int(age) if age.lstrip("-").isdigit() else 0.0
    if expires is None:
        return float("inf")
    from email.utils import parsedate_to_datetime

    try:
        return parsedate_to_datetime(expires.replace("-", " ")).timestamp()
    except (TypeError, ValueError, OverflowError):
        return 0.0


def merged(origin: str, given: "str | None") -> "str | None":
    """The `Cookie` field for a request whose caller has given this one; None if nothing is to be added.

    A cookie that the caller sets wins. There is only one field (RFC 6265, 5.4).
    """
    cookies = _kept.get(origin)
    if not cookies:
        return None
    now = time.time()
    names = {each.partition("=")[0].strip() for each in (given or "").split(";")}
    ours = [f"{name}={value}" for name, (value, end) in [*cookies.items()] if end > now and name not in names]
    return "; ".join([given, *ours] if given else ours) if ours else None
