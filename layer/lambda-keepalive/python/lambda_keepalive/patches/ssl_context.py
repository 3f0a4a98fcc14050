"""Writes down what goes into each `ssl.SSLContext`, so that `identity.of_context` can compare contexts by content, and
spares it the CA bundle until a handshake needs something of it.

Seam: the methods of `ssl.SSLContext` that put something in which cannot be read back (CAs, certificates, ciphers,
ALPN), those that look at its CAs, and those with which every handshake begins. Why: every throw-away client makes a
new context object; compared by object, http.client and botocore would never share, and each one costs 30 ms for CAs
of which it needs one (docs/decisions/0008). Versions: CPython 3.10 to 3.15. Never shared: a context on which a method
that is not listed here was called, and subclasses; these load their CAs as ever, too.
"""

import _ssl
import os
import ssl as ssl_module
import sys

from lambda_keepalive import config, guard, identity, trust
from lambda_keepalive.identity import FACTS
from lambda_keepalive.patching import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from types import ModuleType
    from typing import Any


def _cert_chain(certfile: "Any", keyfile: "Any" = None, password: "Any" = None) -> "Hashable":
    return "chain", identity.of_file(certfile), identity.of_file(keyfile)


# Method -> the fact that its arguments amount to.
KNOWN: "dict[str, Callable[..., Hashable]]" = {
    "load_cert_chain": _cert_chain,
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

# What is seen of the store, and what begins a handshake (Lib/ssl.py: SSLSocket, SSLObject).
LOOKS = ("get_ca_certs", "cert_store_stats")
HANDSHAKES = ("_wrap_socket", "_wrap_bio")

_, _DEFAULT_FILE, _, _DEFAULT_DIRECTORY = (os.fsencode(path) for path in _ssl.get_default_verify_paths())


_observing = config.current().observing


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


def _load_verify_locations(original: "Any") -> "Any":
    def load_verify_locations(self: "Any", *args: "Any", **kwargs: "Any") -> None:
        try:
            cafile, capath, cadata = _arguments(*args, **kwargs)
        except TypeError:
            cafile = cadata = None
        if (cafile is None and cadata is None) or not _stand_for(self, cafile, cadata):
            original(self, *args, **kwargs)
        elif capath is not None:
            original(self, capath=capath)

    return _recording(identity.of_ca)(load_verify_locations)


def _arguments(cafile: "Any" = None, capath: "Any" = None, cadata: "Any" = None) -> "tuple[Any, Any, Any]":
    return cafile, capath, cadata


def _set_default_verify_paths(original: "Any") -> "Any":
    """`load_default_certs` ends here, too (Lib/ssl.py)."""

    def set_default_verify_paths(self: "Any") -> None:
        try:
            file, directory = config.trust_environment()
        except Exception:  # noqa: BLE001
            _give_up(self)
            original(self)
            return
        if directory is None:
            directory = _DEFAULT_DIRECTORY
        if not _stand_for(self, _DEFAULT_FILE if file is None else file, None):
            original(self)
        elif directory:
            # OpenSSL 3 would look into it once more, by its loader of stores, and find what has the same name.
            _ssl._SSLContext.load_verify_locations(self, capath=directory)

    return _recording(identity.of_default_trust)(set_default_verify_paths)


def _stand_for(context: "Any", cafile: "Any", cadata: "Any") -> bool:
    """Whether a directory stands for this source of CAs, so that it need not be loaded."""
    try:
        # At the interpreter's end nothing can be imported any more.
        if _observing or type(context) is not ssl_module.SSLContext or sys.meta_path is None:
            return False
        # At the first use: the runtime's own client may import ssl and never make a context.
        from lambda_keepalive import ca_bundle

        bundle = None
        if cadata is None:
            bundle = ca_bundle.of_file(cafile)
        elif cafile is None and isinstance(cadata, str) and cadata.isascii():
            bundle = ca_bundle.of_text(cadata.encode())
        return trust.stands_for(bundle, context)
    except Exception:  # noqa: BLE001
        _give_up(context)
        return False


def _give_up(context: "Any") -> None:
    """Report a fault, and load what a directory stands for, since nothing is known of what would hide it."""
    guard.fault("CAs of ssl.SSLContext")
    try:
        trust.load(context)
    except Exception:  # noqa: BLE001
        guard.fault("CAs of ssl.SSLContext, loading them")


def _before(step: "Callable[[Any], None]") -> "Callable[[Any], Any]":
    """A replacement that takes a step and then calls the original."""

    def make(original: "Any") -> "Any":
        def method(self: "Any", *args: "Any", **kwargs: "Any") -> "Any":
            try:
                step(self)
            except Exception:  # noqa: BLE001
                _give_up(self)
            return original(self, *args, **kwargs)

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


def _create_default_context(original: "Any") -> "Any":
    def create_default_context(purpose: "Any" = _SERVER_AUTH, **kwargs: "Any") -> "Any":
        kind = None
        try:
            if purpose is _SERVER_AUTH and not sys.flags.ignore_environment:
                # At the first use, as above.
                from lambda_keepalive import spare_context

                kind = spare_context.kind(*_sources(**kwargs))
                context = spare_context.take(kind)
                if context is not None:
                    return context
        except TypeError:
            kind = None  # bad arguments are for the original to refuse
        except Exception:  # noqa: BLE001
            kind = None
            guard.fault("ssl.create_default_context")
        context = original(purpose, **kwargs)
        if kind is not None:
            try:
                spare_context.keep(kind, context)
            except Exception:  # noqa: BLE001
                guard.fault("ssl.create_default_context")
        return context

    return create_default_context


def _sources(*, cafile: "Any" = None, capath: "Any" = None, cadata: "Any" = None) -> "tuple[Any, Any, Any]":
    return cafile, capath, cadata


_SERVER_AUTH = ssl_module.Purpose.SERVER_AUTH


def install(ssl: "ModuleType") -> None:
    """Patch `ssl.SSLContext` and `ssl.create_default_context`."""
    replace(ssl_module, "create_default_context", _create_default_context)
    context_class = ssl_module.SSLContext
    replace(context_class, "__init__", _initialize)
    for name, image in KNOWN.items():
        replace(context_class, name, _recording(image))
    replace(context_class, "load_verify_locations", _load_verify_locations)
    replace(context_class, "set_default_verify_paths", _set_default_verify_paths)
    for name in LOOKS:
        replace(context_class, name, _before(trust.load))
    for name in HANDSHAKES:
        replace(context_class, name, _before(trust.before_handshake))
    for name in OPAQUE:
        if hasattr(context_class, name):
            replace(context_class, name, _recording(None))
