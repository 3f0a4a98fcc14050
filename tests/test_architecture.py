"""The direction of dependencies, and who alone may do what, read from the sources."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PYTHON = Path(__file__).resolve().parents[1] / "layer/lambda-keepalive/python"
PACKAGE = PYTHON / "lambda_keepalive"
SOURCES = {path.relative_to(PACKAGE).as_posix(): path.read_text() for path in sorted(PACKAGE.rglob("*.py"))}
TREES = {name: ast.parse(source) for name, source in SOURCES.items()}
PATCHES = [name for name in SOURCES if name.startswith("patches/") and not name.endswith("__init__.py")]
MOST_LINES = 300

# What each part may import of ours when it runs; `if TYPE_CHECKING:` costs and couples nothing.
FOUNDATION = {
    "__init__.py": set(),
    "guard.py": set(),
    "lock.py": set(),
    "stats.py": {"lock"},
    "config.py": {"guard"},
    "hooks.py": {"guard"},
    "patching.py": {"guard"},
    "lifecycle.py": {"guard"},
    "record.py": {"__version__"},
    "exchange.py": set(),
    "response_head.py": set(),
    "refusal.py": set(),
    "identity.py": {"config"},
    "sticky.py": {"config"},
    "der.py": set(),
    "subject_name.py": {"der"},
    "unknown_certificate.py": {"der", "subject_name"},
    "known_certificates.py": set(),
    "certificates.py": {"known_certificates", "unknown_certificate"},
    "hashed_directory.py": set(),
    "ca_bundle.py": {"certificates", "config", "guard", "hashed_directory", "identity"},
    "trust.py": {"identity"},
}
STARTERS = ["boot.py", "config.py", "guard.py", "hooks.py", "patching.py", "patches/__init__.py"]
STARTERS_MAY_IMPORT = {"sys", "os", "fnmatch"}


def imported(tree: ast.AST) -> set[str]:
    """The modules that are imported when the code runs, and of ours also the names."""

    class Imports(ast.NodeVisitor):
        def __init__(self) -> None:
            self.names: set[str] = set()

        def visit_If(self, node: ast.If) -> None:
            if not (isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"):
                self.generic_visit(node)

        def visit_Import(self, node: ast.Import) -> None:
            self.names |= {alias.name for alias in node.names}

        def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
            module = node.module or ""
            if module.split(".")[0] == "lambda_keepalive":
                ours = module.removeprefix("lambda_keepalive").removeprefix(".")
                self.names |= {f"ours.{ours or alias.name}" for alias in node.names}
            else:
                self.names.add(module)

    visitor = Imports()
    visitor.visit(tree)
    return visitor.names


def ours(name: str) -> set[str]:
    return {module.removeprefix("ours.") for module in imported(TREES[name]) if module.startswith("ours.")}


def others(name: str) -> set[str]:
    return {module for module in imported(TREES[name]) if not module.startswith("ours.")}


def uses(name: str, *attributes: str) -> list[str]:
    """The expressions like `os.environ` that a module contains, of those asked for."""
    found = {ast.unparse(node) for node in ast.walk(TREES[name]) if isinstance(node, ast.Attribute)}
    return sorted(found & set(attributes))


@pytest.mark.parametrize("name", SOURCES)
def test_no_module_is_longer_than_a_reader_bears(name: str) -> None:
    assert len(SOURCES[name].splitlines()) <= MOST_LINES


@pytest.mark.parametrize("name", SOURCES)
def test_every_module_says_what_it_is_for(name: str) -> None:
    assert ast.get_docstring(TREES[name])


@pytest.mark.parametrize("name", PATCHES)
def test_no_patch_imports_another(name: str) -> None:
    assert [module for module in ours(name) if module.startswith("patches")] == []


@pytest.mark.parametrize("name", [name for name in SOURCES if not name.startswith("patches/") and name != "boot.py"])
def test_nothing_but_the_start_imports_patches(name: str) -> None:
    assert [module for module in ours(name) if module.startswith("patches")] == []


@pytest.mark.parametrize("name", [name for name in SOURCES if name.startswith("pool/")])
def test_the_pool_knows_itself_and_its_lock_alone(name: str) -> None:
    assert all(module.startswith("pool") or module == "lock" for module in ours(name))
    assert others(name).isdisjoint({"http.client", "urllib3", "urllib.request"})


@pytest.mark.parametrize("name", FOUNDATION)
def test_foundations_stand_on_what_is_said_here(name: str) -> None:
    assert ours(name) <= FOUNDATION[name]


@pytest.mark.parametrize("name", STARTERS)
def test_what_runs_at_start_imports_what_the_interpreter_has_already(name: str) -> None:
    assert others(name) <= STARTERS_MAY_IMPORT


@pytest.mark.parametrize("name", [name for name in SOURCES if name != "config.py"])
def test_only_the_settings_read_the_environment(name: str) -> None:
    assert uses(name, "os.environ", "os.getenv", "os.environb", "os.putenv") == []


@pytest.mark.parametrize("name", [name for name in SOURCES if name not in ("pool/probe.py", "pool/autopsy.py")])
def test_only_the_probe_and_the_autopsy_poll_or_read_a_socket(name: str) -> None:
    assert "select" not in others(name)
    called = {node.attr for node in ast.walk(TREES[name]) if isinstance(node, ast.Attribute)}
    assert called.isdisjoint({"recv", "recv_into", "recvmsg"})


@pytest.mark.parametrize("name", [name for name in SOURCES if name not in ("publish.py", "hashed_directory.py")])
def test_only_the_publisher_and_the_directory_of_cas_write_files(name: str) -> None:
    assert (
        uses(name, "os.open", "os.write", "os.mkdir", "os.makedirs", "os.mkfifo", "os.unlink", "os.link", "os.rename")
        == []
    )
    names = {node.func.id for node in ast.walk(TREES[name]) if isinstance(node, ast.Call) and hasattr(node.func, "id")}
    assert "open" not in names or name == "ca_bundle.py"  # which reads


@pytest.mark.parametrize("name", SOURCES)
def test_no_client_but_the_one_that_is_patched_is_imported(name: str) -> None:
    packages = {module.split(".")[0] for module in others(name)}
    clients = packages & {"urllib3", "requests", "botocore", "httpcore", "httpx", "aiohttp", "httplib2", "awslambdaric"}
    # anyio's streams are patched for what httpcore makes of them.
    assert clients <= {
        Path(name).stem.removeprefix("observe_").removeprefix("sticky_").partition("_")[0].replace("anyio", "httpcore")
    }


def test_modules_have_names_that_say_something() -> None:
    stems = {Path(name).stem for name in SOURCES}
    assert stems.isdisjoint({"utils", "helpers", "common", "manager", "misc", "util", "base"})
