"""The CA bundles that this process has met, each with the directory that stands for it.

A bundle is known by its content. Loading one costs OpenSSL 0.15 to 0.25 ms and 5 KiB for each certificate; a directory
with the same certificates costs nothing until a chain needs one of them (docs/decisions/0008). A bundle that is not
understood whole (`certificates.read`) has no directory, nor has one for which there is no room.
"""

import os
import stat
import time
from _hashlib import openssl_sha256

from lambda_keepalive import config, guard, hashed_directory, identity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable

_FEWEST = 8
"""Certificates from which on a directory is worth its files: fewer load in less time than it takes to write them."""

_LARGEST = 4 * 1024 * 1024
"""Bytes of a file that is looked at: ten times those of the largest public bundles."""

_MOST = 8
"""Bundles that get a directory in one process. A program has one or two; whoever makes up more would fill /tmp."""

_MOST_FILES = 100
"""Files remembered; forgetting costs reading one again."""

_SETTLED = 100_000_000
"""Nanoseconds after which a change to a file is sure to show in its times: ten ticks of the slowest kernel clock."""

_settings = config.current()
_bundles: "dict[str, Bundle]" = {}
_files: "dict[Hashable, Bundle]" = {}


class Bundle:
    """The certificates of one CA bundle.

    Attributes:
        directory: where they lie for OpenSSL, as long as `is_ready`.
    """

    __slots__ = ("_given_up", "_name", "_names", "_pem", "directory")

    def __init__(self, pem: bytes, name: str, wanted: bool) -> None:
        """`name` is the directory's; there will be none if it is not `wanted`."""
        self._pem = pem
        self._name = name
        self._names: frozenset[str] | None = None
        self._given_up = not wanted
        self.directory = ""

    def is_ready(self) -> bool:
        """Whether the directory stands; it is made first, or again, if need be."""
        if self._given_up:
            return False
        if not (self.directory and hashed_directory.is_whole(self.directory)):
            try:
                self._make_directory()
            except (OSError, ValueError) as reason:
                self._given_up = True
                guard.log("info", f"a CA bundle is loaded as ever: {reason}")
        return not self._given_up

    def _make_directory(self) -> None:
        self.directory = os.path.join(hashed_directory.home_in(_settings.runtime_dir), self._name)
        # Another process may have made it: the name says what is in it.
        if hashed_directory.is_whole(self.directory):
            return
        # Not needed in a process that finds the directory made.
        from lambda_keepalive import certificates

        found = certificates.read(self._pem)
        if found is None:
            raise ValueError("something in it is unusual")
        hashed_directory.make(self.directory, found, certificates.often_needed(found))
        if not hashed_directory.is_whole(self.directory):
            raise OSError("its directory does not stay as it was made")

    def shares_a_name_with(self, other: "Bundle") -> bool:
        """Whether a subject of this bundle is, or might be, one of the other's, too."""
        ours, theirs = self.names(), other.names()
        return not ours or not theirs or not ours.isdisjoint(theirs)

    def names(self) -> "frozenset[str]":
        """The hashes of all subjects; none if the bundle is not understood whole."""
        if self._names is None:
            from lambda_keepalive import certificates

            self._names = frozenset(subject_hash for subject_hash, _ in certificates.read(self._pem) or ())
        return self._names

    def text(self) -> str:
        """The bundle, for a store that must hold all of it at once. Comments lose what is not ASCII."""
        return self._pem.decode("latin-1").encode("ascii", "replace").decode()


def of_text(pem: bytes) -> Bundle:
    """The bundle with this content."""
    digest = openssl_sha256(pem).hexdigest()
    bundle = _bundles.get(digest)
    if bundle is None:
        wanted = pem.count(b"-----BEGIN CERTIFICATE-----") >= _FEWEST and len(_bundles) < _MOST
        bundle = Bundle(pem, digest, wanted)
        if wanted:
            _bundles[digest] = bundle
    return bundle


def of_file(path: "str | bytes | os.PathLike[str]") -> "Bundle | None":
    """The bundle in a file; None if it is no ordinary file or cannot be read."""
    try:
        before = identity.of_file(path)
        bundle = _files.get(before)
        if bundle is not None:
            return bundle
        status = os.stat(path)
        # Reading a pipe would take it away from OpenSSL.
        if not stat.S_ISREG(status.st_mode) or status.st_size > _LARGEST:
            return None
        with open(path, "rb") as file:
            bundle = of_text(file.read())
    except (OSError, TypeError, ValueError):
        return None
    age = time.time_ns() - max(status.st_mtime_ns, status.st_ctime_ns)
    if age > _SETTLED and identity.of_file(path) == before:
        if len(_files) >= _MOST_FILES:
            _files.clear()
        _files[before] = bundle
    return bundle
