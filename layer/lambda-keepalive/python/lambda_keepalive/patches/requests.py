"""Spares requests the search for proxies in an environment that names none.

Seam: `get_environ_proxies` of `requests.sessions`. requests has no connections of its own: those are urllib3's, and so
are the rules. What is spared is 30 us of every call: two passes over the environment, three over the URL. Versions:
2.28 and later.
"""

from requests import sessions, utils

from lambda_keepalive import config
from lambda_keepalive.patching import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

# Whoever replaces one of these wants it called (tests, resolvers of proxies from elsewhere).
_FUNCTIONS = ("getproxies", "proxy_bypass", "should_bypass_proxies")
_in_force = [getattr(utils, name) for name in _FUNCTIONS]


def _get_environ_proxies(original: "Any") -> "Any":
    def get_environ_proxies(url: "Any", no_proxy: "Any" = None) -> "Any":
        # The original raises for some URLs in brackets and some beyond ASCII (Lib/urllib/parse.py, urlsplit).
        if (
            not config.may_have_proxies()
            and type(url) is str
            and url.isascii()
            and "[" not in url
            and "]" not in url
            and [getattr(utils, name) for name in _FUNCTIONS] == _in_force
        ):
            return {}
        return original(url, no_proxy)

    return get_environ_proxies


def install(module: "ModuleType") -> None:
    """Patch `requests.sessions`."""
    replace(sessions, "get_environ_proxies", _get_environ_proxies)
