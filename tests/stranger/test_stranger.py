"""The README and the rollout guide lead where they say: the short form of `make stranger`, with what `make build` has
made already and without the demonstration."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("moto", reason="the group `command` is not installed")

from tests.local.required import require
from tests.stranger.guide import PAGES, Step, steps
from tests.stranger.walk import TAIL, Stranger, first_words

ROOT = Path(__file__).resolve().parents[2]
STEPS = [step for page in PAGES for step in steps(ROOT, page)]


def test_the_pages_have_the_commands_that_a_reader_needs() -> None:
    programs = {step.command.split()[0] for step in STEPS}
    assert programs == {"make", "pip", "aws", "lambda-keepalive", ".venv/bin/python"}
    ours = {step.command.split()[1] for step in STEPS if step.command.startswith("lambda-keepalive ")}
    assert ours == {"audit", "report", "doctor", "price"}
    assert [TAIL.fullmatch(each.command)["mode"] for each in STEPS if "logs tail" in each.command] == ["observe", "on"]


def test_a_command_is_all_its_lines_and_no_comment() -> None:
    (publish,) = (step for step in STEPS if step.command.startswith("aws lambda publish-layer-version"))
    assert publish.command.endswith("--compatible-architectures x86_64")
    assert "\\" not in publish.command
    (audit,) = (step for step in STEPS if step.page == "README.md" and " audit " in step.command)
    assert audit.command == "lambda-keepalive audit path/to/function"


def test_what_a_page_shows_as_printed_is_looked_for_without_its_numbers() -> None:
    (demo,) = (step for step in STEPS if step.printed)
    assert demo.command == "make demo"
    assert "requests.get(url)" in {first_words(line) for line in demo.printed}


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stranger]:
    require((ROOT / ".git").exists(), "a repository to clone")
    if not (ROOT / "dist").is_dir():
        pytest.fail("dist/ is missing: run `make build`")
    with Stranger(ROOT, tmp_path_factory.mktemp("stranger"), prepared=ROOT) as stranger:
        yield stranger


@pytest.mark.timeout(300)  # pip installs what the command needs
@pytest.mark.filterwarnings("default")  # moto's and its server's own
def test_a_stranger_follows_the_pages(stranger: Stranger) -> None:
    for page in PAGES:
        for step in steps(ROOT, page):
            print(stranger.take(step))
    page = (stranger.clone / "report.html").read_text()
    assert page.startswith("<!doctype html>")
    assert stranger.origin.received >= 2 * 4 * 3


def test_a_command_that_fails_is_told_with_its_place(stranger: Stranger) -> None:
    with pytest.raises(AssertionError, match=r"README\.md:7: lambda-keepalive audit nowhere"):
        stranger.take(Step("README.md", 7, "lambda-keepalive audit nowhere"))
    with pytest.raises(AssertionError, match="did not print"):
        stranger.take(Step("README.md", 7, "echo nothing", ("something",)))


def test_the_reader_of_the_clone_has_only_what_he_installed(stranger: Stranger) -> None:
    where = subprocess.run(
        ["bash", "-c", "command -v lambda-keepalive"], env=stranger.environ, capture_output=True, text=True, check=True
    )
    assert where.stdout.strip() == str(stranger.venv / "bin/lambda-keepalive")
