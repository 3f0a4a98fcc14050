"""What the doctor says: one line per check."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["fine", "note", "warning", "error"]


@dataclass(frozen=True)
class Finding:
    """The outcome of one check.

    Attributes:
        check: its name, the same in every version.
        level: "error" keeps the layer from working, "warning" makes it less than it could be, "note" is worth knowing.
        text: what was seen.
        cure: what to do; empty if there is nothing to do.
    """

    check: str
    level: Level
    text: str
    cure: str = ""
