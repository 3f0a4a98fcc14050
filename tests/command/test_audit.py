"""`lambda-keepalive audit`: what it reads, what it prints, what it admits not to see."""

from __future__ import annotations

import errno
import json
import os
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import pytest
from keepalive_command.audit.findings import RULES
from keepalive_command.audit.sources import LARGEST

from tests.command.conftest import Command

CARELESS = "import requests\n\ndef handler(event, context):\n    return requests.get('https://api.example.com/').text\n"
KEPT = "import requests\n\nsession = requests.Session()\n"


@pytest.fixture
def function(tmp_path: Path) -> Path:
    """A function with its dependencies installed beside it, as `pip install --target` leaves them."""
    root = tmp_path / "function"
    (root / "requests").mkdir(parents=True)
    (root / "requests/api.py").write_text(CARELESS)
    (root / "requests-2.34.0.dist-info").mkdir()
    (root / "requests-2.34.0.dist-info/RECORD").write_text("requests/api.py,,\nsix.py,,\n../../bin/x,,\n")
    (root / "six.py").write_text(CARELESS)
    (root / "node_modules/@scope/package").mkdir(parents=True)
    (root / "node_modules/@scope/package/index.js").write_text("fetch('https://api.example.com/')")
    (root / "app.py").write_text(CARELESS)
    return root


def test_text_names_line_client_rule_and_remedy(command: Command, function: Path) -> None:
    outcome = command("audit", function)
    assert outcome.code == 0
    assert "app.py" in outcome.out
    assert "4:12  requests  return requests.get('https://api.example.com/').text" in outcome.out
    assert RULES["call-without-client"].title in outcome.out
    assert RULES["call-without-client"].advice in outcome.out
    assert "files read: 1, calls found: 1; opening connections that could be spared: 1" in outcome.out
    assert "\x1b" not in outcome.out


def test_json_has_the_same_for_machines(command: Command, function: Path) -> None:
    document = command("audit", function, "--json").json
    assert document["files"] == 1
    (call,) = document["calls"]
    assert (call["path"], call["line"], call["column"], call["client"]) == ("app.py", 4, 12, "requests")
    assert (call["careless"], call["coveredByLayer"], call["reusesWithoutLayer"]) == (True, True, "no")


def test_sarif_is_what_code_scanning_takes(command: Command, function: Path) -> None:
    (function / "kept.py").write_text(KEPT)
    (function / "broken.py").write_text("def (")
    document = command("audit", function, "--sarif").json
    assert document["version"] == "2.1.0"
    (run,) = document["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(RULES)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        # 3.27.10: a result that is no failure has the level "none".
        assert (result["kind"] == "fail") == (result["level"] != "none")
        assert result["locations"][0]["physicalLocation"]["region"]["startLine"] > 0
    assert {result["level"] for result in run["results"]} == {"warning", "none"}
    (notification,) = run["invocations"][0]["toolExecutionNotifications"]
    assert "broken.py" in notification["message"]["text"]


def test_dependencies_are_left_out_and_named(command: Command, function: Path) -> None:
    document = command("audit", function, "--json").json
    assert document["skippedDependencies"] == ["@scope/package", "requests", "six.py"]
    assert "dependencies, 3" in command("audit", function).out


def test_dependencies_are_looked_at_when_asked_for(command: Command, function: Path) -> None:
    document = command("audit", function, "--dependencies", "--json").json
    assert document["files"] == 4


def test_a_zip_is_read_like_its_directory(command: Command, function: Path, tmp_path: Path) -> None:
    package = tmp_path / "package.zip"
    with zipfile.ZipFile(package, "w") as archive:
        for path in function.rglob("*"):
            archive.write(path, path.relative_to(function))
    assert command("audit", package, "--json").json == command("audit", function, "--json").json


def test_a_single_file_is_read(command: Command, function: Path) -> None:
    assert command("audit", function / "app.py", "--json").json["files"] == 1


def test_check_fails_a_build_that_opens_connections(command: Command, function: Path, tmp_path: Path) -> None:
    assert command("audit", function, "--check").code == 1
    kept = tmp_path / "kept.py"
    kept.write_text(KEPT)
    assert command("audit", kept, "--check").code == 0


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.py", b"from requests import *\n", "import *"),
        ("a.py", b"import importlib\nimportlib.import_module('x')\n", "at run time"),
        ("a.py", b"exec('x')\n", "at run time"),
        ("a.py", b"def (\n", "does not parse"),
        ("a.py", b"\x00", "does not parse"),
        ("a.js", b"const x = require(name);", "known at run time only"),
        ("a.js", b"function (", "does not parse everywhere"),
        ("a.js", b"const a = 1;" * 400, "minified"),
        ("a.so", b"\x7fELF", "compiled"),
        ("a.js", b"x" * 5_000_001, "too large"),
    ],
)
def test_what_cannot_be_seen_is_listed(
    command: Command, function: Path, name: str, content: bytes, reason: str
) -> None:
    (function / name).write_bytes(content)
    unseen = command("audit", function, "--json").json["unseen"]
    assert any(spot["path"] == name and reason in spot["reason"] for spot in unseen)
    assert reason in command("audit", function).out


def test_a_broken_member_of_a_zip_is_a_blind_spot(command: Command, function: Path, tmp_path: Path) -> None:
    package = tmp_path / "package.zip"
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("app.py", CARELESS)
        archive.writestr("bad.py", "x = 1")
    package.write_bytes(package.read_bytes().replace(b"x = 1", b"x = 2"))
    document = command("audit", package, "--json").json
    assert document["files"] == 1
    assert document["unseen"][0]["path"] == "bad.py"


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_member_that_cannot_be_unpacked_is_a_blind_spot(command: Command, tmp_path: Path, method: int) -> None:
    package = tmp_path / "package.zip"
    with zipfile.ZipFile(package, "w", method) as archive:
        archive.writestr("app.py", CARELESS)
        archive.writestr("bad.py", "".join(f"name_{number} = {number * number}\n" for number in range(5_000)))
    content = bytearray(package.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 200] = bytes(200)
    package.write_bytes(content)
    (spot,) = command("audit", package, "--json").json["unseen"]
    assert spot["path"] == "bad.py"
    assert spot["reason"].startswith("cannot be read: cannot be unpacked: ")


def test_a_zip_that_lies_about_sizes_fills_no_memory(command: Command, tmp_path: Path) -> None:
    package = tmp_path / "package.zip"
    size = 50_000_000
    with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("app.py", CARELESS)
        archive.writestr("bomb.py", "#" * size)
    package.write_bytes(package.read_bytes().replace(size.to_bytes(4, "little"), LARGEST.to_bytes(4, "little")))
    tracemalloc.start()
    (spot,) = command("audit", package, "--json").json["unseen"]
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert spot["path"] == "bomb.py"
    assert most < 4 * LARGEST


def test_a_directory_that_may_not_be_read_is_a_blind_spot(
    command: Command, function: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = function / "closed"
    closed.mkdir()
    look = os.scandir

    def scandir(path: str) -> Any:
        if Path(path) == closed:
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return look(path)

    monkeypatch.setattr(os, "scandir", scandir)
    (spot,) = command("audit", function, "--json").json["unseen"]
    assert (spot["path"], spot["reason"]) == ("closed", "cannot be read: Permission denied")
    outcome = command("audit", closed)
    assert (outcome.code, "closed cannot be read: Permission denied" in outcome.err) == (3, True)


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04 cut off"])
def test_what_is_no_zip_is_said_to_be_none(command: Command, tmp_path: Path, content: bytes) -> None:
    package = tmp_path / "package.zip"
    package.write_bytes(content)
    outcome = command("audit", package)
    assert outcome.code == 3
    assert "is not a zip" in outcome.err


def test_nothing_to_audit_is_an_error(command: Command, tmp_path: Path) -> None:
    assert command("audit", tmp_path).code == 3
    assert "no Python or JavaScript" in command("audit", tmp_path).err
    assert "does not exist" in command("audit", tmp_path / "missing").err


def test_json_stays_json_whatever_the_code_holds(command: Command, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("import requests\ndef f(): requests.get('[bold]\\x1b\"\u2028')\n")
    assert json.dumps(command("audit", tmp_path, "--json").json)
    assert "[bold]" in command("audit", tmp_path).out


def test_a_name_that_would_move_the_cursor_is_shown_and_not_obeyed(command: Command, tmp_path: Path) -> None:
    package = tmp_path / "package.zip"
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("a b/\x1b[2J\nü.py", CARELESS)
    assert "a b/\\x1b[2J\\nü.py" in command("audit", package).out
    (result,) = command("audit", package, "--sarif").json["runs"][0]["results"]
    location = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert location["uri"] == "a%20b/%1B%5B2J%0A%C3%BC.py"  # RFC 3986
