"""Reads zips that may be damaged, encrypted, or made to fill the memory."""

from __future__ import annotations

import lzma
import zipfile
import zlib

# What `zipfile` raises for damage, encryption and methods that it does not know, and what its unpackers raise.
_BROKEN = (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, OSError, zlib.error, lzma.LZMAError)

# What is asked for at once is unpacked at once, whatever size the zip pretends it has.
_PIECE = 1 << 14


def beginning(archive: zipfile.ZipFile, member: str | zipfile.ZipInfo, most: int) -> bytes:
    """The first `most` bytes of a member, or all if it has fewer.

    Raises:
        OSError: it cannot be unpacked; the message says why.
    """
    content = bytearray()
    try:
        with archive.open(member) as packed:
            while len(content) < most and (piece := packed.read(min(_PIECE, most - len(content)))):
                content += piece
    except _BROKEN as error:
        raise OSError(f"cannot be unpacked: {error}") from None
    return bytes(content)
