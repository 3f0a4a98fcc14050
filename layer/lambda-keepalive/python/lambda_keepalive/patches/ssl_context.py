"""Writes down what goes into each `ssl.SSLContext`, so that `identity.of_context` can compare contexts by content.

Seam: the methods of `ssl.SSLContext` that put something in which cannot be read back (CAs, certificates, ciphers,
ALPN). Why: every throw-away client makes a new context object; compared by object, http.client and botocore would
never share. Versions: CPython 3.10 to 3.15. Never shared: a context on which a method that is not listed here was
called, and subclasses. The context itself is not changed in any way but for one attribute.
"""

import ssl as ssl_module

from lambda_keepalive import guard, identity
from lambda_keepalive.identity import FACTS
from lambda_keepalive.patching import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from types import ModuleType
    from typing import Any


def _cert_chain(certfile: "Any", keyfile: "Any" = None, password: "Any" = None) -> "Hashable":
    return "chain", identity.of_file(certfile), identity.of_file(keyfile)


# Method -> the fact that its arguments amount to. `load_default_certs` ends in `set_default_verify_paths` (Lib/ssl.py).
KNOWN: "dict[str, Callable[..., Hashable]]" = {
    "load_verify_locations": identity.of_ca,
    "load_cert_chain": _cert_chain,
    "set_default_verify_paths": identity.of_default_trust,
    "set_ciphers": lambda ciphers: ("ciphers", ciphers),
    "set_alpn_protocols": lambda protocols: ("alpn", tuple(protocols)),
    "set_ecdh_curve": lambda curve: ("curve", curve),
}

# Methods whose effect has no image: after one of them the context stands for itself.
OPAQUE = (
    "load_dh_params",
    "set_npn_protocols",
    "set_servername_callback",
    "set_psk_client_callback",
    "set_psk_server_callback",
    "set_ciphersuites",
    "set_groups",
    "set_client_sigalgs",
    "set_server_sigalgs",
)


def _remember(context: "Any", fact: "Hashable | None") -> None:
    """Put a fact at the end, where the last ciphers and protocols win; None makes the context opaque for good."""
    facts = getattr(context, FACTS, None)
    if facts is None or (facts and facts[-1] == fact):
        return
    setattr(context, FACTS, None if fact is None else (*(known for known in facts if known != fact), fact))


def _recording(image: "Callable[..., Hashable] | None") -> "Callable[[Any], Any]":
    """A replacement that calls the original first; a call that raised may still have had a part of its effect, so it
    makes opaque."""

    def make(original: "Any") -> "Any":
        def method(self: "Any", *args: "Any", **kwargs: "Any") -> "Any":
            fact = None
            try:
                # Before the call: a file that is rewritten meanwhile must not look like the one that was read.
                fact = image(*args, **kwargs) if image is not None else None
            except Exception:  # noqa: BLE001, S110 - bad arguments are for the original to refuse
                pass
            try:
                result = original(self, *args, **kwargs)
            except BaseException:
                _remember(self, None)
                raise
            _remember(self, fact)
            return result

        return method

    return make


def _initialize(original: "Any") -> "Any":
    # `__init__` and not `__new__`: its warnings (deprecated protocols) must point at the caller's line.
    def __init__(self: "Any", *args: "Any", **kwargs: "Any") -> None:
        try:
            setattr(self, FACTS, ())
        except Exception:  # noqa: BLE001
            guard.fault("ssl.SSLContext")

    return __init__


def install(ssl: "ModuleType") -> None:
    """Patch `ssl.SSLContext`."""
    context_class = ssl_module.SSLContext
    replace(context_class, "__init__", _initialize)
    for name, image in KNOWN.items():
        replace(context_class, name, _recording(image))
    for name in OPAQUE:
        if hasattr(context_class, name):
            replace(context_class, name, _recording(None))
