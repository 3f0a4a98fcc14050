"""The commands that a page tells its reader to type, taken from the page itself."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

PAGES = ("README.md", "docs/rollout.md")

# A block of commands, or one of a session whose first line is a prompt with a command and the others what it prints.
BLOCK = re.compile(r"(?ms)^(?P<indent> *)```(?P<kind>sh)?\n(?P<text>.*?)^ *```$")


@dataclass(frozen=True)
class Step:
    """One command, where it stands, and what the page says that it prints, as far as the page says so."""

    page: str
    line: int
    command: str
    printed: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.page}:{self.line}: {self.command}"


def steps(root: Path, page: str) -> list[Step]:
    """What a reader of the page types, in the order of the page. Lines that a backslash continues are one command,
    comments are for the eye."""
    text = (root / page).read_text()
    found = []
    for block in BLOCK.finditer(text):
        content = textwrap.dedent(block["text"])
        number = text.count("\n", 0, block.start()) + 2
        if block["kind"] is None:
            first, *rest = content.splitlines()
            if first.startswith("$ "):
                found.append(Step(page, number, first.removeprefix("$ "), tuple(filter(None, rest))))
            continue
        for command in re.findall(r"(?:.*\\\n)*.+\n", content):
            found.append(Step(page, number, re.sub(r" *\\\n *", " ", command).partition(" #")[0].strip()))
            number += command.count("\n")
    return found
