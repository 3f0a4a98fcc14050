"""Whatever is wrong with the layer, the function's results stay what they are without it, and the log says why."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.local import Emulator
from tests.local.stand_ins import ROOT, write_function
from tests.support.origin import Origin

PACKAGE = Path("lambda-keepalive/python/lambda_keepalive")
MODULES = sorted(str(path.relative_to(ROOT / "layer" / PACKAGE)) for path in (ROOT / "layer" / PACKAGE).rglob("*.py"))
# Uses every client that the layer has a patch for, if it is installed.
FUNCTION = """
    import http.client
    import os
    import ssl
    import urllib.parse
    import urllib.request

    try:
        import urllib3
    except ImportError:
        urllib3 = None

    def handler(event, context):
        url = event["url"] + "/bytes/10"
        with urllib.request.urlopen(url) as response:
            results = [len(response.read())]
        parts = urllib.parse.urlsplit(url)
        connection = http.client.HTTPSConnection(parts.netloc, context=ssl.create_default_context())
        connection.request("GET", parts.path)
        results.append(len(connection.getresponse().read()))
        connection.close()
        if urllib3 is not None:
            with urllib3.PoolManager(ca_certs=os.environ["SSL_CERT_FILE"]) as pool:
                results.append(len(pool.request("GET", url).data))
        return results
"""


@pytest.fixture
def arguments(task_root: Path, keepalive_layer: Path, layer: Path, environ: dict[str, str]) -> dict[str, Any]:
    """A function with a copy of the layer that may be broken."""
    shutil.copytree(keepalive_layer, layer, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    return {
        "handler": "app.handler",
        "task_root": write_function(task_root, FUNCTION),
        "layer": layer,
        "environ": environ,
    }


def run(arguments: dict[str, Any], origin: Origin) -> tuple[list[Any], list[str]]:
    """The outcomes of two invocations, and what the log says apart from metrics."""
    with Emulator(**arguments) as function:
        outcomes = [function.invoke({"url": origin.url}) for _ in range(2)]
        function.shutdown()
        said = [line.text for line in function.lines if line.emf is None]
    return [outcome.error or outcome.payload for outcome in outcomes], said


@pytest.fixture
def expected(arguments: dict[str, Any], origin: Origin) -> list[Any]:
    """What the function returns without the layer."""
    bare = {name: value for name, value in arguments.items() if name != "layer"}
    bare["environ"] = {"SSL_CERT_FILE": arguments["environ"]["SSL_CERT_FILE"]}
    results, said = run(bare, origin)
    assert results[0][0] == 10
    assert said == []
    return results


@pytest.mark.parametrize("module", MODULES)
def test_module_that_raises_costs_one_line(
    module: str, arguments: dict[str, Any], origin: Origin, layer: Path, expected: list[Any]
) -> None:
    path = layer / PACKAGE / module
    path.write_text(f"raise RuntimeError('broken on purpose')\n{path.read_text()}")
    results, said = run(arguments, origin)
    assert results == expected
    loaded = "broken on purpose" in "".join(said)
    # A module for a client that the function does not import is never loaded.
    assert [line.startswith("lambda-keepalive: ") for line in said] == [True] * loaded


def test_without_its_python_part_nothing_happens(
    arguments: dict[str, Any], origin: Origin, layer: Path, expected: list[Any]
) -> None:
    shutil.rmtree(layer / "lambda-keepalive" / "python")
    (layer / "python" / "lambda-keepalive.pth").unlink()
    assert run(arguments, origin)[0] == expected


def test_without_the_extension_the_connections_are_reused_all_the_same_and_one_line_says_so(
    arguments: dict[str, Any], origin: Origin, layer: Path, expected: list[Any]
) -> None:
    shutil.rmtree(layer / "extensions")
    before = origin.accepted
    payloads, complaints = run(arguments, origin)
    assert payloads == expected
    assert [line for line in complaints if "is missing, so there are no metrics" in line] == complaints
    assert len(complaints) == 1
    assert origin.accepted == before + len(expected[0])  # each client keeps one: their identities differ


@pytest.mark.parametrize(
    "obstacle", ["parent is a file", "is a file", "records is a directory"], ids=lambda name: name.replace(" ", "-")
)
def test_directory_that_cannot_be_used_costs_the_metrics_only(
    obstacle: str, arguments: dict[str, Any], origin: Origin, tmp_path: Path, expected: list[Any]
) -> None:
    directory = tmp_path / "runtime"
    if obstacle == "records is a directory":
        (directory / "records" / "full").mkdir(parents=True)
    else:
        directory.touch()
    arguments["environ"]["KEEPALIVE_RUNTIME_DIR"] = str(directory / "x" if "parent" in obstacle else directory)
    before = origin.accepted
    results, said = run(arguments, origin)
    assert results == expected
    assert origin.accepted == before + len(expected[0])  # each client keeps one: their identities differ
    assert len([line for line in said if "lambda-keepalive" in line]) == 1, said


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KEEPALIVE_METRICS", "everything"),
        ("KEEPALIVE_IDLE_TIMEOUT", "-1"),
        ("KEEPALIVE_MAX_IDLE", "many"),
        ("KEEPALIVE_MODE", "maybe"),
        ("KEEPALIVE_CLIENTS", "telnet"),
        ("KEEPALIVE_ENABLED", "ja"),
        ("KEEPALIVE_RUNTIME_DIR", "not/absolute"),
        ("KEEPALIVE_NEXT_WRAPPER", "/opt/missing"),
        ("KEEPALIVE_TYPO", "1"),
    ],
)
def test_setting_that_cannot_be_used_is_named_and_its_default_taken(
    name: str, value: str, arguments: dict[str, Any], origin: Origin, expected: list[Any]
) -> None:
    arguments["environ"][name] = value
    before = origin.accepted
    results, said = run(arguments, origin)
    assert results == expected
    assert origin.accepted == before + len(expected[0])  # each client keeps one: their identities differ
    assert said
    assert all(name in line for line in said), said


def test_extension_killed_by_the_system_is_the_platforms_error_and_not_for_long(
    arguments: dict[str, Any], origin: Origin, expected: list[Any]
) -> None:
    """Nobody can forestall this: the platform ends the sandbox of an extension that died."""
    with Emulator(**arguments, freeze=False) as function:
        function.initialize()
        extension = function.processes["lambda-keepalive"]
        os.kill(extension, 9)
        outcomes = [function.invoke({"url": origin.url}) for _ in range(3)]
    assert [outcome.payload for outcome in outcomes[-2:]] == expected
