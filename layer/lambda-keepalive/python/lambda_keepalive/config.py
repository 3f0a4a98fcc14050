"""The settings, read once from the environment; the only module that reads it.

A value that cannot be used costs one line (name, value, the default used instead) and nothing else.
`SETTINGS` is the table that the README and docs/settings.md are checked against.
"""

import os

from lambda_keepalive import guard

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# The clients that can be switched with KEEPALIVE_CLIENTS, and other names for them: requests has no seam of its own.
CLIENTS = ("aiohttp", "botocore", "http.client", "httplib2", "httpx", "urllib.request", "urllib3")
SYNONYMS = {
    "anthropic": "httpx",
    "boto3": "botocore",
    "httpcore": "httpx",
    "openai": "httpx",
    "requests": "urllib3",
}
# Those of Node functions are known, too, so that one list can serve functions of both kinds.
CLIENTS_OF_NODE = ("fetch", "http", "https", "node:http", "node:https", "undici")


def _flag(text: str) -> bool:
    lowered = text.lower()
    if lowered in ("1", "true"):
        return True
    if lowered in ("0", "false"):
        return False
    raise ValueError("1, 0, true or false")


def _choice(*choices: str) -> "Callable[[str], str]":
    def parse(text: str) -> str:
        if text.lower() not in choices:
            raise ValueError(" or ".join(choices))
        return text.lower()

    return parse


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < 1e9:
        raise ValueError("a number of seconds")
    return seconds


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 9:
        raise ValueError("a whole number")
    return int(text)


def _names(text: str) -> "tuple[str, ...]":
    return tuple(name.strip().lower() for name in text.split(",") if name.strip())


def _clients(text: str) -> "frozenset[str]":
    """`a,b` = only these; `-a` = all but this."""
    wanted: set[str] = set()
    unwanted: set[str] = set()
    for name in _names(text):
        client = SYNONYMS.get(name.lstrip("-"), name.lstrip("-"))
        if client not in CLIENTS and client not in CLIENTS_OF_NODE:
            raise ValueError(f"a list of {', '.join((*CLIENTS, *SYNONYMS))}")
        (unwanted if name.startswith("-") else wanted).add(client)
    return frozenset(CLIENTS) & (wanted or frozenset(CLIENTS)) - unwanted


class Unusable(ValueError):
    """Some items of a list cannot be used: `text` has these, `rest` is the value without them."""

    def __init__(self, expected: str, items: "list[str]", rest: "tuple[object, ...]") -> None:
        super().__init__(expected)
        self.text = ",".join(items)
        self.rest = rest


def _targets(text: str) -> "tuple[tuple[str, str], ...]":
    """`https://host[:port],...` as pairs of a client's name and a URL; the name is empty unless it stands before the
    URL as `client+`. The word `again` is a pair of its own. An address with a typing error costs the others nothing."""
    targets = []
    unusable = []
    for item in (item.strip() for item in text.split(",")):
        client, _, url = item.rpartition("+")
        scheme, mark, host = url.partition("://")
        client = {"boto3": "botocore"}.get(client, client)
        known = client in ("", "requests", *CLIENTS) and client not in ("aiohttp", "httplib2")
        if item == AGAIN:
            targets.append((AGAIN, ""))
        elif item and (scheme not in ("http", "https") or not mark or not host.partition("/")[0] or not known):
            unusable.append(item)
        elif item:
            targets.append((client, url))
    if unusable:
        raise Unusable("https://host[:port], client+https://host[:port] or again", unusable, tuple(targets))
    return tuple(targets)


AGAIN = "again"


def _path(text: str) -> str:
    if not os.path.isabs(text):
        raise ValueError("an absolute path")
    return text


class Setting:
    """One environment variable: its name, default (as one would write it), parser, and the reason of the default."""

    __slots__ = ("default", "field", "name", "parse", "reason")

    def __init__(self, name: str, default: str, parse: "Callable[[str], object]", reason: str) -> None:
        self.name = name
        self.default = default
        self.parse = parse
        self.reason = reason
        self.field = name.removeprefix("KEEPALIVE_").lower()


METRICS = ("core", "all", "log", "datadog", "off")

SETTINGS = (
    Setting("KEEPALIVE_ENABLED", "1", _flag, "kill switch for layer and extension"),
    Setting("KEEPALIVE_MODE", "on", _choice("on", "observe", "off"), "observe: only counts; off: nothing is patched"),
    Setting("KEEPALIVE_CLIENTS", ",".join(CLIENTS), _clients, "all that are covered; -name leaves one out"),
    Setting("KEEPALIVE_EXCLUDE_HOSTS", "", _names, "globs of host names that are never pooled"),
    Setting("KEEPALIVE_LOOPBACK", "0", _flag, "single-threaded local servers wait for the client's close"),
    Setting("KEEPALIVE_IDLE_TIMEOUT", "345", _seconds, "NLB and NAT gateway drop at 350 s; a server's hint lowers it"),
    Setting("KEEPALIVE_MAX_LIFETIME", "600", _seconds, "DNS changes must be followed; shortened by up to 10 % jitter"),
    Setting("KEEPALIVE_MAX_REQUESTS", "1000", _count, "nginx closes a connection after as many"),
    Setting("KEEPALIVE_MAX_IDLE_PER_HOST", "10", _count, "urllib3's and botocore's own pool size"),
    Setting("KEEPALIVE_MAX_IDLE", "100", _count, "a tenth of the sandbox's 1024 descriptors"),
    Setting("KEEPALIVE_PRECONNECT", "", _targets, "https://host,...: opened in init; `again`: also after a freeze"),
    Setting("KEEPALIVE_REPLAY", "1", _flag, "only where nothing can be done twice; 0: an error for the caller instead"),
    Setting("KEEPALIVE_STICKY_HOSTS", "", _names, "globs of hosts whose load balancer's own cookies are kept"),
    Setting("KEEPALIVE_METRICS", "core", _choice(*METRICS), "each metric has its price"),
    Setting("KEEPALIVE_RUNTIME_DIR", "/tmp/lambda-keepalive", _path, "both processes may write there"),
    Setting("KEEPALIVE_LOG_LEVEL", "warning", _choice(*guard.LEVELS), "silence unless something is wrong"),
    Setting("KEEPALIVE_EXPLAIN", "0", _flag, "one line for each connection that was not reused"),
)  # fmt: skip

# Read by the exec wrapper and by the extension, never here; listed so that the tables and the check for typing
# errors know them.
ELSEWHERE = {
    "KEEPALIVE_NEXT_WRAPPER": "exec wrapper: another wrapper to start first",
    "KEEPALIVE_METRICS_NAMESPACE": "extension: CloudWatch namespace, default LambdaKeepalive",
}


class Config:
    """The settings in force. Fields are the names of `SETTINGS` without the prefix, in lower case."""

    enabled: bool
    mode: str
    clients: "frozenset[str]"
    exclude_hosts: "tuple[str, ...]"
    loopback: bool
    idle_timeout: float
    max_lifetime: float
    max_requests: int
    max_idle_per_host: int
    max_idle: int
    replay: bool
    sticky_hosts: "tuple[str, ...]"
    metrics: str
    runtime_dir: str
    log_level: str
    explain: bool
    preconnect: "tuple[tuple[str, str], ...]"

    # What the platform says, not the user.
    runtime_api: str
    initialization_type: str

    def __init__(self, environ: "Mapping[str, str]") -> None:
        self.complaints: list[str] = []
        for setting in SETTINGS:
            text = environ.get(setting.name, "").strip()
            try:
                value = setting.parse(text) if text else setting.parse(setting.default)
            except Unusable as error:
                used = "the rest" if error.rest else "nothing"
                self.complaints.append(f"{setting.name}={error.text!r} is not {error}; using {used}")
                value = error.rest
            except ValueError as error:
                self.complaints.append(f"{setting.name}={text!r} is not {error}; using {setting.default or 'nothing'}")
                value = setting.parse(setting.default)
            setattr(self, setting.field, value)
        known = {setting.name for setting in SETTINGS}
        for name in environ:
            if name.startswith("KEEPALIVE_") and name not in known and name not in ELSEWHERE:
                self.complaints.append(f"{name} is not a setting; it is ignored")
        self.runtime_api = environ.get("AWS_LAMBDA_RUNTIME_API", "")
        self.initialization_type = environ.get("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")

    @property
    def active(self) -> bool:
        """Whether anything is to be patched at all."""
        return self.enabled and self.mode != "off"

    @property
    def observing(self) -> bool:
        """Whether connections are only counted, and what would become of them."""
        return self.mode == "observe"


def trust_environment() -> "tuple[bytes | None, bytes | None]":
    """SSL_CERT_FILE and SSL_CERT_DIR as they stand now: what OpenSSL trusts by default
    (SSL_CTX_set_default_verify_paths(3))."""
    environ = _undecoded()
    return environ.get(b"SSL_CERT_FILE"), environ.get(b"SSL_CERT_DIR")


def key_log() -> "bytes | None":
    """SSLKEYLOGFILE as it stands now: where a new TLS context writes its session keys (Lib/ssl.py,
    create_default_context)."""
    return _undecoded().get(b"SSLKEYLOGFILE")


def environment_but(name: bytes) -> "dict[bytes, bytes]":
    """The whole environment as it stands now, without one variable."""
    environ = dict(_undecoded())
    environ.pop(name, None)
    return environ


def may_have_proxies() -> bool:
    """False only if no variable is named `*_proxy`, in any case, so that `getproxies_environment` has nothing to
    find.

    requests asks several times a call. Comparing forty variables with those of last time takes 0.7 us, since they are
    the same objects; looking at each name takes 3.
    """
    global _searched
    environ = _undecoded()
    seen, found = _searched
    if environ != seen:
        # A copy is made in one step: another thread may change the environment.
        seen = dict(environ)
        found = any(name[-6:].lower() == b"_proxy" for name in seen)
        _searched = seen, found
    return found


_searched: "tuple[Mapping[bytes, bytes], bool]" = {}, False


def _undecoded() -> "Mapping[bytes, bytes]":
    """The environment as bytes. Calls look at it often and decoding is most of the cost (2 us against 8 for forty
    names).

    `_data` is what `os.environ` keeps on POSIX (Lib/os.py); where somebody put another mapping in its place, that is
    encoded (botocore's own tests have None in it for a variable that is not set).
    """
    environ = os.environ
    if type(environ) is _Environ:
        data: Mapping[bytes, bytes] = environ._data  # type: ignore[attr-defined]
        return data
    return {os.fsencode(name): os.fsencode(value or "") for name, value in environ.items()}


_Environ = type(os.environ)
_current: "Config | None" = None


def load() -> Config:
    """Read the environment and say what is wrong with it; later calls of `current` return this."""
    global _current
    config = _current = Config(os.environ)
    guard.set_level(config.log_level)
    for complaint in config.complaints:
        guard.log("warning", complaint)
    return config


def current() -> Config:
    """The settings that were loaded; loads them when nobody has."""
    return _current if _current is not None else load()
