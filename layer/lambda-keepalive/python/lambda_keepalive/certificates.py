"""Reads the certificates of a CA bundle, and the names under which OpenSSL looks for them in a directory.

Strict on purpose: what is read here without complaint, OpenSSL loads without complaint, too. For anything else, be it
broken or only unusual, the answer is None, and OpenSSL reads the bundle itself and has the last word.
tests/tls/test_certificates.py compares the two on damaged bundles.

Source: PEM_X509_INFO_read_bio(3) and RFC 7468, 5.1.
"""

from _hashlib import openssl_sha256

from lambda_keepalive.known_certificates import AMAZON, SUBJECT_HASHES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_BEGIN = b"-----BEGIN CERTIFICATE-----\n"
_END = b"\n-----END CERTIFICATE-----"


def read(pem: bytes) -> "list[tuple[str, bytes]] | None":
    """The certificates of a bundle in their order, each as the hash of its subject and its PEM block; None if there
    are none or anything is not as expected."""
    if b"\0" in pem:
        return None
    certificates = []
    end = 0
    try:
        while (begin := pem.find(b"-----BEGIN", end)) >= 0:
            start = begin + len(_BEGIN)
            # Base64 has no hyphen.
            stop = pem.index(b"-", start) - 1
            end = stop + len(_END)
            whole = pem.startswith(_BEGIN, begin) and pem.startswith(_END, stop)
            if not whole or pem[begin - 1 : begin] not in (b"", b"\n") or pem[end : end + 1] not in (b"", b"\n"):
                return None
            certificates.append((_subject_hash(pem[start:stop]), pem[begin:end] + b"\n"))
    except (ValueError, IndexError):
        return None
    return certificates or None


def often_needed(certificates: "Iterable[tuple[str, bytes]]") -> "set[str]":
    """The hashes of those that a function's servers are likeliest to be under: AWS's, and those that are not public,
    which are in a bundle because somebody needs them."""
    return {subject_hash for subject_hash, _ in certificates}.difference(SUBJECT_HASHES.values()) | AMAZON


def _subject_hash(body: bytes) -> str:
    # A digest takes a microsecond, reading a certificate 20 to 45.
    known = SUBJECT_HASHES.get(openssl_sha256(body).hexdigest())
    if known is not None:
        return known
    # Most bundles need none of it.
    from lambda_keepalive import unknown_certificate

    return unknown_certificate.subject_hash(body)
