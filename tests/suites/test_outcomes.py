"""The comparison of two runs says what it should: the suites themselves are too slow to be run at every turn."""

from __future__ import annotations

from pathlib import Path

from tests.suites.__main__ import Known, known
from tests.suites.outcomes import Outcome, Run, failed_only_in, is_steady, read_junit

PASSED, FAILED, SKIPPED = Outcome.PASSED, Outcome.FAILED, Outcome.SKIPPED

JUNIT = """
<testsuites><testsuite>
  <testcase classname="tests.test_a.Tests" name="test_one[x-1]" file="tests/test_a.py" />
  <testcase classname="tests.test_a.Tests" name="test_two"><failure message="no" /></testcase>
  <testcase classname="tests.test_a" name="test_three"><skipped /></testcase>
  <testcase classname="tests.test_a" name="test_four" />
  <testcase classname="tests.test_a" name="test_four"><error message="in the clean-up" /></testcase>
  <testcase name="test.test_b.Tests.test_five" />
</testsuite></testsuites>
"""


def test_a_report_is_read(tmp_path: Path) -> None:
    report = tmp_path / "junit.xml"
    report.write_text(JUNIT)
    run = read_junit(report)
    assert run.outcomes == {
        "tests.test_a.Tests::test_one[x-1]": PASSED,
        "tests.test_a.Tests::test_two": FAILED,
        "tests.test_a::test_three": SKIPPED,
        "tests.test_a::test_four": FAILED,
        "test.test_b.Tests.test_five": PASSED,
    }
    assert run.files == {"tests.test_a.Tests::test_one[x-1]": "tests/test_a.py"}


def test_a_test_that_the_layer_loses_has_failed() -> None:
    without = Run({"kept": PASSED, "lost": PASSED, "broken": PASSED, "both": FAILED, "skipped": SKIPPED})
    with_layer = Run({"kept": PASSED, "broken": FAILED, "both": FAILED})
    assert failed_only_in(with_layer, without) == {"lost", "broken"}


def test_a_run_that_came_to_nothing_has_lost_every_test() -> None:
    assert failed_only_in(Run(), Run({"a": PASSED, "b": PASSED})) == {"a", "b"}


def test_only_a_failure_that_comes_back_counts() -> None:
    passed, failed, skipped, lost = Run({"test": PASSED}), Run({"test": FAILED}), Run({"test": SKIPPED}), Run()
    assert is_steady("test", [passed, passed], [passed, failed])
    assert is_steady("test", [passed, passed], [passed, lost])
    assert not is_steady("test", [passed, passed], [passed, skipped])
    assert not is_steady("test", [passed, failed], [failed, failed])


def test_a_row_is_about_the_tests_that_it_names() -> None:
    row = Known(["*.Tests::test_a[1-*]"], "cause", "unnoticed", suite="urllib3*", way="pooled")
    assert row.explains("urllib3-1.26", "pooled", "test.x.Tests::test_a[1-2]")
    assert not row.explains("urllib3-1.26", "pooled", "test.x.Tests::test_a[2-2]")
    assert not row.explains("urllib3-1.26", "default", "test.x.Tests::test_a[1-2]")
    assert not row.explains("requests", "pooled", "test.x.Tests::test_a[1-2]")


def test_every_known_failure_is_explained() -> None:
    assert all(row.tests and row.cause and row.unnoticed for row in known())
