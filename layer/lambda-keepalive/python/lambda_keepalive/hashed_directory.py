"""Directories of CA certificates as OpenSSL reads them: `<subject hash>.0` is opened when a chain needs a certificate
with this subject (SSL_CTX_load_verify_locations(3), capath).

A directory is made whole under another name and then renamed, belongs to this user alone, and is sealed by its time of
modification: whoever adds or removes a file breaks the seal, be it a function that cleans /tmp. Its files can be
rewritten only by the same user, who could as well rewrite this process. Nothing that others could have
written is used: neither may they write to the directory, nor put another one in its place.
"""

import os
import stat
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterable

_FILES = 16
"""Files that certificates share; the other names are links. A link costs 8 us, a new file 20 us, and a certificate that
is in the file that is opened without being needed 0.15 ms: 16 to 48 cost alike until a first handshake is done. But
where many files were removed in the last minutes, ext4 without a journal takes up to 0.5 ms to find room for one."""

_MOST_ALONE = 8
"""Certificates that share no file."""

_SEAL = 0
"""Time of modification of a whole directory, in nanoseconds: no file system sets this one by itself."""


def is_whole(path: str) -> bool:
    """Whether a directory of ours stands there, with all that was put into it."""
    try:
        status = os.stat(path, follow_symlinks=False)
    except OSError:
        return False
    return status.st_mtime_ns == _SEAL and status.st_mode == stat.S_IFDIR | 0o700 and status.st_uid == os.geteuid()


def home_in(runtime_directory: str) -> str:
    """The place for directories: nobody else can write there or put something in its place.

    Raises:
        OSError: there is none.
    """
    os.makedirs(runtime_directory, 0o700, exist_ok=True)
    home = os.path.join(os.path.realpath(runtime_directory), "ca")
    try:
        os.mkdir(home, 0o700)
    except FileExistsError:
        pass
    part = home
    while True:
        status = os.stat(part, follow_symlinks=False)
        # In a sticky directory such as /tmp nobody renames what is another one's (inode(7)).
        writable = status.st_mode & 0o022 and not status.st_mode & stat.S_ISVTX
        if writable or status.st_uid not in (0, os.geteuid()) or not stat.S_ISDIR(status.st_mode):
            raise PermissionError(f"others may write to {part}")
        # OpenSSL takes a colon for the end of a directory's name.
        if ":" in part:
            raise ValueError(f"colon in {part}")
        if part == os.path.dirname(part):
            return home
        part = os.path.dirname(part)


def make(path: str, certificates: "Iterable[tuple[str, bytes]]", often: "Container[str]") -> None:
    """Put a directory with these certificates (subject hash and PEM) at `path`, unless a whole one is there already.

    Those of one hash are in one file in their order, since OpenSSL looks for no other once it has one in its store.
    The first few whose hash is in `often` share their files with no others.

    Raises:
        OSError: there is no room, or no right to write.
    """
    temporary = f"{path}.{os.getpid()}.{time.monotonic_ns()}"
    os.mkdir(temporary, 0o700)
    try:
        _fill(temporary, certificates, often)
        os.utime(temporary, ns=(_SEAL, _SEAL))
        try:
            os.rename(temporary, path)
        except OSError:
            # Another process was quicker, or somebody has been at the directory.
            if not is_whole(path):
                broken = temporary + ".broken"
                os.rename(path, broken)
                os.rename(temporary, path)
                _remove(broken)
    finally:
        _remove(temporary)


def _fill(directory: str, certificates: "Iterable[tuple[str, bytes]]", often: "Container[str]") -> None:
    pems: dict[str, list[bytes]] = {}
    for subject_hash, pem in certificates:
        pems.setdefault(subject_hash, []).append(pem)
    alone = [subject_hash for subject_hash in pems if subject_hash in often][:_MOST_ALONE]
    others = [subject_hash for subject_hash in pems if subject_hash not in alone]
    groups = [[subject_hash] for subject_hash in alone] + [others[number::_FILES] for number in range(_FILES)]
    # Names relative to the directory: half the time of whole paths.
    place = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for group in filter(None, groups):
            name, *links = [f"{subject_hash}.0" for subject_hash in group]
            content = b"".join([pem for subject_hash in group for pem in pems[subject_hash]])
            file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=place)
            try:
                written = os.write(file, content)
            finally:
                os.close(file)
            if written != len(content):
                raise OSError("no room")
            for link in links:
                os.link(name, link, src_dir_fd=place, dst_dir_fd=place)
    finally:
        os.close(place)


def _remove(directory: str) -> None:
    """Remove a directory of files, if it is there."""
    try:
        for name in os.listdir(directory):
            os.unlink(os.path.join(directory, name))
        os.rmdir(directory)
    except OSError:
        pass
