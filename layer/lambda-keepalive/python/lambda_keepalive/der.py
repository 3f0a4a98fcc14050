"""Walks through DER, the encoding of certificates, as strictly as OpenSSL does (X.690, 8 and 10).

Each function takes the bytes and the place where an element begins, and raises ValueError or IndexError when there is
none of that kind. That an element ends where the one around it does is for the caller to see.
"""

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, NULL, OBJECT_IDENTIFIER = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06
UTF8_STRING, PRINTABLE_STRING, TELETEX_STRING, IA5_STRING = 0x0C, 0x13, 0x14, 0x16
UTC_TIME, GENERALIZED_TIME = 0x17, 0x18
SEQUENCE, SET = 0x30, 0x31


def content(der: bytes, at: int, tag: int) -> "tuple[int, int]":
    """Where the content of the element with this tag begins and ends. Lengths are at most two bytes long."""
    if der[at] != tag:
        raise ValueError("tag")
    length = der[at + 1]
    if length < 0x80:
        at += 2
    elif length == 0x81 and der[at + 2] >= 0x80:
        length = der[at + 2]
        at += 3
    elif length == 0x82 and der[at + 2]:
        length = der[at + 2] << 8 | der[at + 3]
        at += 4
    else:
        raise ValueError("length")
    return at, at + length


def end_of_integer(der: bytes, at: int) -> int:
    """Where an INTEGER ends; its shortest form alone is valid (8.3.2)."""
    start, end = content(der, at, INTEGER)
    if start == end or (end - start > 1 and (der[start], der[start + 1] >> 7) in ((0x00, 0), (0xFF, 1))):
        raise ValueError("INTEGER")
    return end


def end_of_object_identifier(der: bytes, at: int) -> int:
    """Where an OBJECT IDENTIFIER ends: it has a last byte, and no number in it begins with padding (8.19.2)."""
    start, end = content(der, at, OBJECT_IDENTIFIER)
    if start == end or der[end - 1] >= 0x80:
        raise ValueError("OBJECT IDENTIFIER")
    padding = der.find(b"\x80", start, end)
    while padding >= 0:
        if padding == start or der[padding - 1] < 0x80:
            raise ValueError("OBJECT IDENTIFIER")
        padding = der.find(b"\x80", padding + 1, end)
    return end


def end_of_bit_string(der: bytes, at: int) -> int:
    """Where a BIT STRING ends; its first byte counts the bits of the last one that do not belong (8.6.2)."""
    start, end = content(der, at, BIT_STRING)
    if start == end or der[start] > 7:
        raise ValueError("BIT STRING")
    return end
