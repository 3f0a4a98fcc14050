"""What all subcommands share: help that teaches, exit codes, the documents."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from keepalive_command.cli import SUBCOMMANDS, parser
from keepalive_command.errors import MEANINGS

from tests.command.conftest import Command, record

ROOT = Path(__file__).resolve().parents[2]
NAMES = [module.NAME for module in SUBCOMMANDS]
COMMAND_LINE = rf"lambda-keepalive ((?:{'|'.join(NAMES)}) [^`|>\n]*)"


@pytest.mark.parametrize("name", NAMES)
def test_help_of_a_subcommand_shows_examples_and_exit_codes(command: Command, name: str) -> None:
    out = command(name, "--help").out
    assert f"lambda-keepalive {name}" in out.split("options:")[0]
    assert "exit codes:" in out


def test_help_tells_the_whole_road(command: Command) -> None:
    out = command("--help").out
    assert all(f"lambda-keepalive {name}" in out for name in NAMES)


def test_the_readme_has_every_subcommand_and_exit_code() -> None:
    readme = (ROOT / "command/README.md").read_text()
    assert all(f"`lambda-keepalive {name}" in readme for name in NAMES)
    for code, text in MEANINGS.items():
        assert f"| {code.value} | {text} |" in readme


def test_every_command_line_in_the_documents_can_be_parsed() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "command/README.md"]
    lines = {line for page in pages for line in re.findall(COMMAND_LINE, page.read_text())}
    assert lines
    for line in lines:
        arguments = line.split("#")[0].split()
        parser().parse_args([each.strip("'\"") for each in arguments])


@pytest.mark.parametrize("arguments", [[], ["unknown"], ["audit"], ["doctor"], ["audit", "x", "--json", "--sarif"]])
def test_a_wrong_command_line_exits_with_2(command: Command, arguments: list[str]) -> None:
    outcome = command(*arguments)
    assert outcome.code == 2
    assert "usage: lambda-keepalive" in outcome.err


def run(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    """In a process of its own, where streams are what they are."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "command")}
    command = [sys.executable, "-m", "keepalive_command", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload, no-any-return]


def test_a_reader_that_stops_early_is_no_error(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    log.write_text("\n".join(record(f"function-{number}") for number in range(5_000)))
    command = f"{sys.executable} -m keepalive_command report {log} | head -1"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "command")}
    finished = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], env=environment, capture_output=True, text=True, check=False
    )
    assert (finished.returncode, finished.stderr) == (0, "")


def test_no_colour_and_no_progress_outside_of_a_terminal(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    log.write_text(record())
    finished = run("report", str(log))
    assert finished.returncode == 0
    assert "\x1b" not in finished.stdout + finished.stderr


def test_colour_and_progress_on_a_terminal(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("import requests\ndef f(): return requests.get('x')\n")
    script = f"{sys.executable} -m keepalive_command audit {tmp_path}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "command"), "TERM": "xterm-256color"}
    environment.pop("NO_COLOR", None)
    finished = subprocess.run(
        ["script", "-qec", script, "/dev/null"], env=environment, capture_output=True, text=True, check=True
    )
    assert "\x1b[33m" in finished.stdout


def test_boto3_and_matplotlib_are_not_loaded_for_what_needs_neither(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("import requests\nrequests.get('x')\n")
    code = (
        "import sys; from keepalive_command.cli import main; main(['audit', sys.argv[1]]); "
        "print(sorted({'boto3', 'matplotlib'} & set(sys.modules)))"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "command")}
    finished = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], env=environment, capture_output=True, text=True, check=True
    )
    assert finished.stdout.endswith("[]\n")


WRONG = [
    ("price --functions many", 2, "'many' is not a whole number from 1"),
    ("price --functions 0", 2, "'0' is not a whole number from 1"),
    ("price --invocations 99999999999999999999", 2, "is not a whole number from 1 to 1,000,000,000,000"),
    ("report {log} --memory -5", 2, "'-5' is not a memory size"),
    ("report {log} --memory lots", 2, "'lots' is not a memory size"),
    ("report {log} --html /nowhere/x.html", 3, "No such file or directory: '/nowhere/x.html'"),
    ("report {log} --html {directory}", 3, "Is a directory"),
    ("report {log} {directory}/nothing", 3, "cannot be read: No such file or directory"),
    ("report --compare {log} {empty}", 3, "it is empty"),
    ("report {broken}", 3, "no line of the layer in 1 lines"),
    ("report --log-group g --since 1h --until 2h --region eu-central-1", 2, "--since is not before --until"),
    ("audit {directory}/nothing", 3, "does not exist"),
    ("audit {empty}", 3, "has no Python or JavaScript files"),
    ("audit {broken}", 3, "is not a zip"),
    ("audit {python2}", 3, "none of its 1 source files can be read; python2.py does not parse: "),
    ("audit {large}", 3, "big.py: too large to be source code (over 5,000,000 bytes)"),
    ("doctor {empty}", 3, "is no layer"),
    ("doctor {directory}/nothing", 3, "does not exist"),
    ("doctor --function f {directory}", 2, "not allowed with argument --function"),
    ("help", 2, "invalid choice: 'help'"),
]


@pytest.mark.parametrize(("line", "code", "words"), WRONG, ids=[line for line, _, _ in WRONG])
def test_what_a_newcomer_gets_wrong_is_said_in_words(
    command: Command, tmp_path: Path, line: str, code: int, words: str
) -> None:
    files = {name: tmp_path / name for name in ("good.log", "empty.log", "broken.zip", "python2.py", "large.zip")}
    files["good.log"].write_text(record())
    files["empty.log"].write_text("")
    files["broken.zip"].write_bytes(b"PK\x03\x04 cut off")
    files["python2.py"].write_text('print "hello"\n')
    with zipfile.ZipFile(files["large.zip"], "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("big.py", "#" * 5_000_001)
    names = {"log" if name == "good.log" else Path(name).stem: path for name, path in files.items()}
    outcome = command(*(word.format(directory=tmp_path, **names) for word in line.split()))
    assert outcome.code == code
    assert words in outcome.err


def test_what_the_encoding_of_the_output_has_not_is_written_as_python_writes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    (tmp_path / "app.py").write_text("import requests\nrequests.get('é')\n", encoding="utf-8")
    finished = run("audit", str(tmp_path))
    assert (finished.returncode, finished.stderr) == (0, "")
    assert r"requests.get('\xe9')" in finished.stdout


def test_a_hyphen_is_standard_input(tmp_path: Path) -> None:
    finished = run("report", "-", "--json", input=record())
    assert finished.returncode == 0
    assert '"name": "-"' in finished.stdout
