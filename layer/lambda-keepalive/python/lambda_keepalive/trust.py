"""The CAs of a TLS context, found when a chain needs them instead of loaded when the context is made.

A context into which a large CA bundle would be loaded gets the directory of the same certificates instead
(`ca_bundle`). The context stays its owner's alone, and its verification is OpenSSL's: a look-up by subject finds in
the directory what it would have found in the store, provided that nothing hides it. So the directory is

- the first source of CAs of its context, since OpenSSL asks the store before directories, and these in their order;
- given up for the certificates themselves as soon as one of the same subject comes into the store beside it, or
  somebody wants to see what the store holds, or the directory is not whole when a handshake begins.
"""

from _ssl import _SSLContext
from weakref import WeakKeyDictionary

from lambda_keepalive.identity import FACTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ssl import SSLContext

    from lambda_keepalive.ca_bundle import Bundle

# Not an attribute of the context: people compare and print what is in one.
_directories: "WeakKeyDictionary[SSLContext, Bundle]" = WeakKeyDictionary()

_SOURCES = ("ca", "default")
"""The first items of the facts that tell of CAs (identity.of_ca, identity.of_default_trust)."""


def stands_for(bundle: "Bundle | None", context: "SSLContext") -> bool:
    """Whether the context has the certificates of this bundle without their being loaded; gives it the directory if
    that is the same. None is a bundle of which nothing is known.

    After False, what the bundle holds may be put into the store: nothing in it will be hidden or hide.
    """
    present = _directories.get(context)
    if present is None:
        facts = getattr(context, FACTS, None)
        if bundle is None or facts is None or any(fact[0] in _SOURCES for fact in facts) or not bundle.is_ready():
            return False
        _SSLContext.load_verify_locations(context, capath=bundle.directory)
        _directories[context] = bundle
        return True
    if bundle is present:
        return True
    if bundle is None or bundle.shares_a_name_with(present):
        load(context)
    return False


def has_directory(context: "SSLContext") -> bool:
    """Whether a directory stands for CAs of the context."""
    return context in _directories


def load(context: "SSLContext") -> None:
    """Put the certificates themselves into the store, if there is a directory instead."""
    present = _directories.get(context)
    if present is not None:
        _SSLContext.load_verify_locations(context, cadata=present.text())
        # Not before: another thread must not look at the store meanwhile.
        _directories.pop(context, None)


def before_handshake(context: "SSLContext") -> None:
    """See to it that the certificates can be found from here on."""
    present = _directories.get(context)
    if present is not None and not present.is_ready():
        load(context)
