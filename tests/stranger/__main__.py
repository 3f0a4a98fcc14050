"""`make stranger`: a fresh clone, and every command of README.md and docs/rollout.md as it stands there, in order."""

import subprocess
import tempfile
from pathlib import Path

from tests.stranger.guide import PAGES, steps
from tests.stranger.walk import Stranger

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Exit status 1 with the command and what it printed, at the first one that fails."""
    changed = subprocess.run(["git", "status", "--short"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    if changed:
        print("what is not committed is not in the clone")
    with tempfile.TemporaryDirectory(prefix="stranger-") as directory, Stranger(ROOT, Path(directory)) as stranger:
        for page in PAGES:
            for step in steps(stranger.clone, page):
                try:
                    print(stranger.take(step), flush=True)
                except AssertionError as failure:
                    print(f"FAILED  {failure}", flush=True)
                    return 1
    print("the pages lead where they say")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
