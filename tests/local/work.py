"""What is made once and kept in .work/ of the repository, by whichever process comes first."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

WORK = Path(__file__).parents[2] / ".work"


@contextmanager
def alone(name: str) -> Iterator[Path]:
    """The directory of that name, with this process alone in the block; the others wait, and find it done."""
    directory = WORK / name
    directory.mkdir(parents=True, exist_ok=True)
    with directory.with_name(f"{directory.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield directory
