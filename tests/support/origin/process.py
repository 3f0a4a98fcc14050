"""The origin as a process of its own, so that a benchmark measures its client and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from pathlib import Path
from types import TracebackType

# The directory that holds the package `tests`: where `python -m tests.support.origin` is found.
ROOT = Path(__file__).resolve().parents[3]

# Starting takes well under a second; a machine under load may need many times that. Seconds.
EXIT_TIMEOUT_S = 30.0


class OriginProcess:
    """Runs `python -m tests.support.origin`, from `with` to the end of the block.

    The server ends with the block and also when this process dies, since it reads the end of its stdin then.

    Attributes:
        url: where it serves.
        bundle: the CA file that makes a client trust it, None for plain HTTP.
        control: the URL of its control port, see `tests.support.origin.__main__`.
    """

    def __init__(
        self, directory: Path, *, plain: bool = False, roots: Path | str | None = None, host: str = "127.0.0.1"
    ) -> None:
        """Keep certificates in `directory`; `roots` is a PEM file to put in front of ours in the bundle.

        With another `host` than loopback's, the control port is on loopback all the same.
        """
        command = [
            sys.executable,
            "-m",
            "tests.support.origin",
            "--directory",
            str(directory),
            "--host",
            host,
            "--with-stdin",
        ]
        if plain:
            command.append("--plain")
        if roots is not None:
            command += ["--roots", str(roots)]
        self._command = command
        # The control port is on loopback: a proxy from the environment must not come between.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def __enter__(self) -> OriginProcess:
        self._process = subprocess.Popen(
            self._command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        ready = self._process.stdout.readline()
        if not ready:
            self.__exit__(None, None, None)
            raise RuntimeError("the origin did not start; its stderr says why")
        facts = json.loads(ready)
        self.url: str = facts["url"]
        self.bundle: str | None = facts["bundle"]
        self.control: str = facts["control"]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate(timeout=EXIT_TIMEOUT_S)  # closes its stdin, which ends it

    def counts(self) -> dict[str, int]:
        """Return `accepted`, `handshakes`, `requests` and `open`."""
        return self._ask("/_counts")

    def reset(self) -> None:
        """Start counting from zero."""
        self._ask("/_reset")

    def close_idle(self) -> int:
        """Send a FIN on every idle connection; return how many."""
        return self._ask("/_close_idle")["closed"]

    def _ask(self, path: str) -> dict[str, int]:
        with self._opener.open(self.control + path, timeout=EXIT_TIMEOUT_S) as response:
            answer: dict[str, int] = json.load(response)
        return answer
