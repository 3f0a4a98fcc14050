"""Runs the suites that are named (all, if none is) and prints how the layer changed their outcomes."""

from __future__ import annotations

import argparse
import fnmatch
import functools
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import tomllib

from tests.suites import catalog, environments, node_sources, running, running_node
from tests.suites.environments import Environment, Unavailable
from tests.suites.outcomes import Comparison, Outcome, Run, failed_only_in, is_steady

KNOWN = Path(__file__).with_name("known.toml")

# How often a new failure must be given the chance to show that it is chance.
REPETITIONS = 2

# Runs some files of a suite, in one way or without the layer.
Runner = Callable[[Environment, str | None, Sequence[str]], Run]


@dataclass(frozen=True)
class Job:
    """A suite on one interpreter: how its environment is made, what runs it, and the ways to attach the layer."""

    suite: str
    interpreter: str
    prepare: Callable[[], Environment]
    run: Runner
    targets: Sequence[str]
    ways: Sequence[str]


def jobs() -> Iterator[Job]:
    for suite in catalog.LIBRARIES:
        prepare = functools.partial(environments.of_library, suite)
        run = functools.partial(running.run_pytest, plugins=suite.plugins, own_options=suite.options)
        yield Job(suite.name, f"Python {suite.python}", prepare, run, suite.tests, [catalog.POOLED])
    for python in catalog.CPYTHON_PYTHONS:
        prepare = functools.partial(environments.of_cpython, python)
        files = [*catalog.CPYTHON_FILES]
        yield Job(catalog.CPYTHON, f"Python {python}", prepare, running.run_regrtest, files, [*catalog.WAYS])
    for node_suite in catalog.NODE_SUITES:
        prepare = functools.partial(node_sources.of_node, node_suite)
        name = f"Node {node_suite.node}"
        yield Job(node_suite.name, name, prepare, running_node.run_files, catalog.NODE_FILES, [catalog.POOLED])


def main() -> int:
    """Exit status 1 when a test fails only with the layer and known.toml does not explain it, or the layer complains,
    or nothing could be run."""
    parser = argparse.ArgumentParser(prog="python -m tests.suites", description=__doc__)
    parser.add_argument("suites", nargs="*", metavar="suite", help=", ".join(catalog.NAMES))
    names = parser.parse_args().suites or catalog.NAMES
    if unknown := set(names) - set(catalog.NAMES):
        parser.error(f"{', '.join(sorted(unknown))}: not one of {', '.join(catalog.NAMES)}")
    catalog.WORK.mkdir(parents=True, exist_ok=True)
    running.OUTPUT.unlink(missing_ok=True)
    comparisons: list[Comparison] = []
    for job in jobs():
        if job.suite not in names:
            continue
        try:
            comparisons += compare(job, known())
        except Unavailable as reason:
            print(f"{job.suite}, {job.interpreter}: not run: {reason}", flush=True)
    print_table(comparisons)
    return 1 if not comparisons or any(one.new or one.with_layer.complaints for one in comparisons) else 0


def compare(job: Job, rows: Sequence[Known]) -> Iterator[Comparison]:
    """Run a suite without the layer, and with it in each way; print what differs."""
    environment = job.prepare()
    without = job.run(environment, None, job.targets)
    for way in job.ways:
        with_layer = job.run(environment, way, job.targets)
        candidates = failed_only_in(with_layer, without)
        explained = {test: row.cause for test in candidates for row in rows if row.explains(job.suite, way, test)}
        candidates -= explained.keys()
        new = confirmed(candidates, job, environment, way, {**without.files, **with_layer.files})
        comparison = Comparison(
            job.suite, environment.version, way, without, with_layer, new, explained, candidates - new
        )
        print_details(comparison)
        yield comparison


def confirmed(candidates: set[str], job: Job, environment: Environment, way: str, files: Mapping[str, str]) -> set[str]:
    """Those that fail with the layer and pass without it again, when their files are run again."""
    if not candidates:
        return set()
    again = sorted({files[test] for test in candidates})
    without = [job.run(environment, None, again) for _ in range(REPETITIONS)]
    with_layer = [job.run(environment, way, again) for _ in range(REPETITIONS)]
    return {test for test in candidates if is_steady(test, without, with_layer)}


@dataclass(frozen=True)
class Known:
    """A row of known.toml. `suite`, `way` and `tests` are globs, in which brackets stand for themselves."""

    tests: Sequence[str]
    cause: str
    unnoticed: str
    suite: str = "*"
    way: str = "*"

    def explains(self, suite: str, way: str, test: str) -> bool:
        """Whether this row is about the failure of that test."""
        return (
            fnmatch.fnmatchcase(suite, self.suite)
            and fnmatch.fnmatchcase(way, self.way)
            and any(fnmatch.fnmatchcase(test, pattern.replace("[", "[[]")) for pattern in self.tests)
        )


def known() -> list[Known]:
    """The rows of known.toml."""
    return [Known(**row) for row in tomllib.loads(KNOWN.read_text())["known"]]


def print_details(one: Comparison) -> None:
    print(f"\n{one.suite} ({one.version}), layer {one.way}: {one.without.seconds:.0f} s without, ", end="")
    print(f"{one.with_layer.seconds:.0f} s with")
    for complaint in one.with_layer.complaints:
        print(f"  the layer complained: {complaint}")
    for title, tests in (
        ("new", one.new),
        ("explained", one.explained.keys()),
        ("unsteady", one.unsteady),
        ("failed in both", one.failed_in_both),
        ("failed only without", failed_only_in(one.without, one.with_layer)),
    ):
        for test in sorted(tests):
            print(f"  {title}: {test}" + (f" ({one.explained[test]})" if test in one.explained else ""), flush=True)


def print_table(comparisons: Iterable[Comparison]) -> None:
    print(
        "\n| suite | version | layer | run | skipped | failed in both | new | explained | unsteady | opened | reused |"
    )
    print("| --- | --- | --- " + "| ---: " * 8 + "|")
    for one in comparisons:
        skipped = one.with_layer.tests(Outcome.SKIPPED)
        cells: list[object] = [
            one.suite,
            one.version,
            one.way,
            len(one.with_layer.outcomes) - len(skipped),
            len(skipped),
        ]
        cells += [len(one.failed_in_both), len(one.new), len(one.explained), len(one.unsteady)]
        cells += [one.with_layer.opened or 0, one.with_layer.reused or 0]
        print("| " + " | ".join(map(str, cells)) + " |")


if __name__ == "__main__":
    sys.exit(main())
