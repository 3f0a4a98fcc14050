"""The hash of a certificate's subject, by which OpenSSL finds it in a directory of CAs: `<hash>.<n>`.

It is the beginning of the SHA-1 of the name's canonical form, which spares case, spaces and types of string
(X509_NAME_hash_ex(3) and x509_name_canon in OpenSSL's crypto/x509/x_name.c, the same since 1.0.0). No security rests on
the hash: OpenSSL compares the names themselves.
"""

from _hashlib import openssl_sha1

from lambda_keepalive.der import (
    IA5_STRING,
    PRINTABLE_STRING,
    SEQUENCE,
    SET,
    TELETEX_STRING,
    UTF8_STRING,
    content,
    end_of_object_identifier,
)

# A byte a character (tag2nbyte in OpenSSL's crypto/asn1/a_strnid.c and a_mbstr.c).
_LATIN = (PRINTABLE_STRING, TELETEX_STRING, IA5_STRING)

# Canonical forms by encoding. Roots name few countries and companies; forgotten when there are more.
_canonical: "dict[bytes, bytes]" = {}
_MAX_CANONICAL = 1000


def hash_of(name: bytes) -> str:
    """The hash of a Name (RFC 5280, 4.1.2.4) in DER, as eight hexadecimal digits.

    Raises:
        ValueError, IndexError: it is no name, or has strings of a type that no root uses.
    """
    at, end = content(name, 0, SEQUENCE)
    if end != len(name):
        raise ValueError("name")
    canonical = b""
    while at != end:
        following = content(name, at, SET)[1]
        part = name[at:following]
        known = _canonical.get(part)
        if known is None:
            if len(_canonical) >= _MAX_CANONICAL:
                _canonical.clear()
            known = _canonical[part] = _canonical_part(part)
        canonical += known
        at = following
    digest = openssl_sha1(canonical, usedforsecurity=False).digest()
    return f"{int.from_bytes(digest[:4], 'little'):08x}"


def _canonical_part(part: bytes) -> bytes:
    """A RelativeDistinguishedName with canonical values, sorted as a SET OF is (X.690, 11.6)."""
    at, end = content(part, 0, SET)
    if end != len(part) or at == end:
        raise ValueError("name")
    attributes = []
    while at != end:
        start, at = content(part, at, SEQUENCE)
        value = end_of_object_identifier(part, start)
        text, text_end = content(part, value, part[value])
        if text_end != at:
            raise ValueError("attribute")
        attribute = part[start:value] + _element(UTF8_STRING, _canonical_text(part[value], part[text:text_end]))
        attributes.append(_element(SEQUENCE, attribute))
    return _element(SET, b"".join(sorted(attributes)))


def _canonical_text(tag: int, text: bytes) -> bytes:
    """UTF-8 in lower case, without spaces at its ends and with single ones within. Only ASCII has case and spaces."""
    if tag == UTF8_STRING:
        text.decode()
    elif tag in _LATIN:
        text = text.decode("latin-1").encode()
    else:
        raise ValueError("string")
    return b" ".join(text.split()).lower()


def _element(tag: int, value: bytes) -> bytes:
    length = len(value)
    if length < 0x80:
        return bytes((tag, length)) + value
    if length < 0x100:
        return bytes((tag, 0x81, length)) + value
    return bytes((tag, 0x82, length >> 8, length & 0xFF)) + value
