"""Reads one certificate that `known_certificates` does not have, and the name under which OpenSSL looks for it.

Strict on purpose: see `certificates`.

Sources: RFC 7468, 5.1 for the text; RFC 5280, 4.1 for the structure.
"""

from binascii import a2b_base64, b2a_base64

from lambda_keepalive import subject_name
from lambda_keepalive.der import (
    BOOLEAN,
    GENERALIZED_TIME,
    NULL,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    UTC_TIME,
    content,
    end_of_bit_string,
    end_of_integer,
    end_of_object_identifier,
)

_LINE = 64
_VERSION_3 = b"\xa0\x03\x02\x01\x02"
_EXTENSIONS = 0xA3

# Algorithms found to be well-formed: a bundle repeats a dozen of them. Forgotten when there are more.
_algorithms: "set[bytes]" = set()
_MAX_ALGORITHMS = 100


def subject_hash(body: bytes) -> str:
    """Walk through the whole certificate in the lines of a PEM block; the hash of its subject.

    Raises:
        ValueError, IndexError: they are not the DER of a certificate of version 1 or 3.
    """
    der = _decode(body)
    signed, end = content(der, 0, SEQUENCE)
    serial, signed_end = content(der, signed, SEQUENCE)
    if end_of_bit_string(der, _end_of_algorithm(der, signed_end)) != end or end != len(der):
        raise ValueError("certificate")
    if der.startswith(_VERSION_3, serial):
        serial += len(_VERSION_3)
    issuer = _end_of_algorithm(der, end_of_integer(der, serial))
    validity = content(der, issuer, SEQUENCE)[1]
    subject = _end_of_validity(der, validity)
    key = content(der, subject, SEQUENCE)[1]
    hash_of_subject = subject_name.hash_of(der[subject:key])
    if der[issuer:validity] != der[subject:key]:
        subject_name.hash_of(der[issuer:validity])
    extensions = _end_of_key(der, key)
    if extensions != signed_end:
        _check_extensions(der, extensions, signed_end)
    return hash_of_subject


def _decode(body: bytes) -> bytes:
    """The bytes of a PEM block whose lines have 64 characters each, but for the last one.

    Raises:
        ValueError: it is written in any other way.
    """
    text = body.replace(b"\n", b"")
    der = a2b_base64(text)
    breaks = (len(text) - 1) // _LINE
    if len(body) != len(text) + breaks or body[_LINE :: _LINE + 1].count(b"\n") != breaks:
        raise ValueError("lines")
    # The decoder skips what it does not know.
    if b2a_base64(der, newline=False) != text:
        raise ValueError("base64")
    return der


def _end_of_algorithm(der: bytes, at: int) -> int:
    """Where an AlgorithmIdentifier ends, whose parameters are absent, NULL, a name or a sequence."""
    start, end = content(der, at, SEQUENCE)
    algorithm = der[at:end]
    if algorithm in _algorithms:
        return end
    parameters = end_of_object_identifier(der, start)
    if parameters != end:
        if der[parameters] == OBJECT_IDENTIFIER:
            parameters_end = end_of_object_identifier(der, parameters)
        elif der[parameters] == NULL:
            parameters_end = parameters + len(b"\x05\x00") if der[parameters + 1] == 0 else 0
        else:
            parameters_end = content(der, parameters, SEQUENCE)[1]
        if parameters_end != end:
            raise ValueError("algorithm")
    if len(_algorithms) >= _MAX_ALGORITHMS:
        _algorithms.clear()
    _algorithms.add(algorithm)
    return end


def _end_of_validity(der: bytes, at: int) -> int:
    start, end = content(der, at, SEQUENCE)
    for _ in ("not before", "not after"):
        if der[start] not in (UTC_TIME, GENERALIZED_TIME):
            raise ValueError("time")
        start = content(der, start, der[start])[1]
    if start != end:
        raise ValueError("validity")
    return end


def _end_of_key(der: bytes, at: int) -> int:
    start, end = content(der, at, SEQUENCE)
    if end_of_bit_string(der, _end_of_algorithm(der, start)) != end:
        raise ValueError("key")
    return end


def _check_extensions(der: bytes, at: int, end: int) -> None:
    at, explicit_end = content(der, at, _EXTENSIONS)
    at, sequence_end = content(der, at, SEQUENCE)
    if not explicit_end == sequence_end == end:
        raise ValueError("extensions")
    while at != end:
        start, at = content(der, at, SEQUENCE)
        value = end_of_object_identifier(der, start)
        if der[value] == BOOLEAN:
            critical, value = content(der, value, BOOLEAN)
            if value - critical != 1:
                raise ValueError("BOOLEAN")
        if content(der, value, OCTET_STRING)[1] != at:
            raise ValueError("extension")
        # Past the end, IndexError is sure to come: the certificate ends behind it.
        if at > end:
            raise ValueError("extensions")
