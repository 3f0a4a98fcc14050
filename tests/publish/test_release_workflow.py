"""The workflows, as far as they can be tried here: their form, and the shell of the release's steps."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from lambda_keepalive import __version__

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = {path.stem: yaml.safe_load(path.read_text()) for path in (ROOT / ".github/workflows").glob("*.yml")}
WORKFLOW: dict[str, Any] = WORKFLOWS["release"]
STEPS = [step for job in WORKFLOW["jobs"].values() for step in job["steps"]]
SCRIPTS = {step.get("name", step["run"]): step["run"] for step in STEPS if "run" in step}
ALL_STEPS = [step for workflow in WORKFLOWS.values() for job in workflow["jobs"].values() for step in job["steps"]]


def run(name: str, directory: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", **environ}
    command = ["bash", "-eo", "pipefail", "-c", SCRIPTS[name]]
    return subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False)


def test_only_the_job_that_releases_may_write() -> None:
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert "permissions" not in WORKFLOW["jobs"]["build"]
    assert set(WORKFLOW["jobs"]["release"]["permissions"]) == {"contents", "id-token", "attestations"}


def test_every_action_has_a_version() -> None:
    assert all(re.fullmatch(r"actions/[a-z-]+@v\d+", step["uses"]) for step in ALL_STEPS if "uses" in step)


def test_every_make_target_exists() -> None:
    targets = set(re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text()))
    scripts = [step["run"] for step in ALL_STEPS if "run" in step]
    assert {target for script in scripts for target in re.findall(r"make ([a-z-]+)", script)} <= targets


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_may_only_read_unless_a_job_says_why(name: str) -> None:
    assert WORKFLOWS[name]["permissions"] == {"contents": "read"}


def test_actionlint_finds_nothing() -> None:
    linter = Path(sys.executable).with_name("actionlint")
    if not linter.exists():
        pytest.skip("the group `check` is not installed, or has no actionlint for this machine")
    # Its newest version still names Node 20, in whose place runners take a newer one.
    command = [linter, "-no-color", "-ignore", r'version of action "actions/configure-pages@v5"']
    linted = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (linted.returncode, linted.stdout, linted.stderr) == (0, "", "")


def test_a_tag_that_is_not_the_version_stops_the_release() -> None:
    assert run("The tag is the version", ROOT, GITHUB_REF_NAME=f"v{__version__}").returncode == 0
    assert run("The tag is the version", ROOT, GITHUB_REF_NAME="v99.0.0").returncode != 0


def test_the_section_of_the_changelog_is_found(tmp_path: Path) -> None:
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n## 1.1.0 - soon\n\n- new\n\n## 1.0.0\n\n- old\n")
    assert run("The section of the changelog", tmp_path, GITHUB_REF_NAME="v1.1.0").returncode == 0
    assert (tmp_path / "notes.md").read_text().strip() == "- new"
    assert run("The section of the changelog", tmp_path, GITHUB_REF_NAME="v2.0.0").returncode != 0


@pytest.mark.parametrize(("content", "agrees"), [("a", True), ("b", False)])
def test_builds_that_differ_stop_the_release(tmp_path: Path, content: str, agrees: bool) -> None:
    for name, text in (("first", "a"), ("second", content)):
        (tmp_path / f"built/dist-{name}").mkdir(parents=True)
        (tmp_path / f"built/dist-{name}/x.zip").write_text(text)
    assert (run("Two machines made the same bytes", tmp_path).returncode == 0) == agrees
