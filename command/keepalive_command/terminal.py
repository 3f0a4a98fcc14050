"""What people see: colours and progress on a terminal, plain text everywhere else."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

# A pipe has no width; wide enough that no path or origin is cut.
PIPE_WIDTH = 240

Advance = Callable[[int], None]

# What a terminal obeys instead of showing it; names of files and lines of code may have any of them.
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")


def visible(text: str) -> str:
    """The text on one line, its control characters as Python writes them."""
    return _CONTROLS.sub(lambda found: repr(found[0])[1:-1], text)


class _Output(Console):
    def on_broken_pipe(self) -> None:
        # rich would exit with 1; `lambda-keepalive report x | head` has done nothing wrong (cli.main).
        raise BrokenPipeError


class Terminal:
    """Standard output for results, standard error for everything else.

    rich takes colours away where the stream is no terminal, and obeys NO_COLOR.
    """

    def __init__(self) -> None:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")  # what the locale's encoding has not
        self.out = _Output(width=None if sys.stdout.isatty() else PIPE_WIDTH, highlight=False, soft_wrap=True)
        self.err = Console(stderr=True, highlight=False, soft_wrap=True)

    def print(self, text: str = "", style: str | None = None) -> None:
        """One line of the result, as it is: brackets are no markup."""
        self.out.print(visible(text), style=style, markup=False)

    def write(self, text: str) -> None:
        """A document (JSON, SARIF) to standard output, never coloured or wrapped."""
        sys.stdout.write(text)

    def note(self, text: str, style: str | None = None) -> None:
        """One line for people that is no part of the result."""
        self.err.print(visible(text), style=style, markup=False)

    def table(self, title: str, columns: list[str], rows: list[list[str]]) -> None:
        """A table; the first column is text, the others are numbers."""
        table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
        for index, column in enumerate(columns):
            table.add_column(column, justify="right" if index else "left", no_wrap=True)
        for row in rows:
            table.add_row(*(Text(visible(cell)) for cell in row))
        self.out.print(table)

    @contextmanager
    def progress(self, description: str, total: int | None) -> Iterator[Advance]:
        """Show how far long work is, on a terminal only.

        Yields:
            a function to call with the steps done since the last call.
        """
        if not self.err.is_terminal:
            yield lambda steps: None
            return
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"))
        with Progress(*columns, TimeRemainingColumn(), console=self.err, transient=True) as progress:
            task = progress.add_task(description, total=total)
            yield lambda steps: progress.advance(task, steps)
