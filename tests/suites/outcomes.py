"""What a run of a suite came to, test by test, and what two ways of running it differ in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from xml.etree import ElementTree


class Outcome(Enum):
    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass
class Run:
    """One run of a suite.

    Attributes:
        outcomes: by test, named as the suite's runner names it.
        files: the test file of each test, where the runner tells.
        opened, reused: connections, as the layer counted them; None without the layer.
        complaints: what the layer said went wrong inside it.
        seconds: how long it took.
    """

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    opened: int | None = None
    reused: int | None = None
    complaints: tuple[str, ...] = ()
    seconds: float = 0.0

    def tests(self, outcome: Outcome) -> set[str]:
        return {test for test, found in self.outcomes.items() if found is outcome}


def read_junit(path: Path) -> Run:
    """The outcomes in a JUnit XML file (pytest's or regrtest's); an empty run where there is no file.

    A test may be listed twice, with an error in its clean-up after it passed: failed once is failed.
    """
    run = Run()
    if not path.exists():
        return run
    for case in ElementTree.parse(path).iter("testcase"):
        test = "::".join(filter(None, (case.get("classname"), case.get("name"))))
        kinds = {child.tag for child in case}
        if kinds & {"failure", "error"}:
            outcome = Outcome.FAILED
        elif "skipped" in kinds:
            outcome = Outcome.SKIPPED
        else:
            outcome = Outcome.PASSED
        if run.outcomes.get(test) is not Outcome.FAILED:
            run.outcomes[test] = outcome
        if file := case.get("file"):
            run.files[test] = file
    return run


def failed_only_in(run: Run, other: Run) -> set[str]:
    """Tests that failed in `run` and not in `other`, or that `other` ran and `run` never came to."""
    failed = run.tests(Outcome.FAILED) - other.tests(Outcome.FAILED)
    return failed | (other.tests(Outcome.PASSED) - run.outcomes.keys())


def is_steady(test: str, without: Iterable[Run], with_layer: Iterable[Run]) -> bool:
    """Whether repeated runs confirm a new failure: it never failed without the layer, and did again with it."""
    return not any(_failed(test, run) for run in without) and any(_failed(test, run) for run in with_layer)


def _failed(test: str, run: Run) -> bool:
    return run.outcomes.get(test, Outcome.FAILED) is Outcome.FAILED


@dataclass
class Comparison:
    """A row of the table: a suite in one version, the layer attached in one way.

    Attributes:
        new: tests that fail only with the layer, steadily, and that nobody explains.
        explained: tests that fail only with the layer and that known.toml explains, with the cause.
        unsteady: tests that failed only with the layer in the first run, and were not confirmed by repeated ones.
    """

    suite: str
    version: str
    way: str
    without: Run
    with_layer: Run
    new: set[str]
    explained: Mapping[str, str]
    unsteady: set[str]

    @property
    def failed_in_both(self) -> set[str]:
        return self.without.tests(Outcome.FAILED) & self.with_layer.tests(Outcome.FAILED)
