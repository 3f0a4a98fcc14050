"""The tree of /var/lang: a copy of an interpreter in the place where the managed runtimes have theirs.

A copy, because the interpreter of a developer often lies where Lambda's user may not look, and because a
container image needs one anyway. Made once per interpreter and kept in .work/ of the repository.
"""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from .work import alone

# Parts of the standard library that no function needs and that take more room than all others.
LEFT_OUT = ("test", "idlelib", "tkinter", "turtledemo", "ensurepip", "lib2to3", "config-*", "*.opt-*.pyc")
# Lambda's interpreters have neither: some distributions put a sitecustomize of their own into the library.
FOREIGN = ("site-packages", "dist-packages", "sitecustomize.py")

QUESTION = """
import json, os, sys, sysconfig
print(json.dumps({
    "version": sys.version,
    "name": "python{}.{}".format(*sys.version_info),
    "executable": os.path.realpath(sys.executable),
    "standard_library": sysconfig.get_path("stdlib"),
    "packages": sysconfig.get_path("purelib"),
    "shared_library": os.path.join(sysconfig.get_config_var("LIBDIR"), sysconfig.get_config_var("INSTSONAME"))
    if sysconfig.get_config_var("Py_ENABLE_SHARED") else None,
}))
"""


class Language:
    """An interpreter and its copy. `tree` is what belongs on /var/lang, with an empty site-packages directory."""

    def __init__(self, python: Path | str) -> None:
        answer = subprocess.run([python, "-I", "-c", QUESTION], capture_output=True, text=True, check=True)
        facts: dict[str, Any] = json.loads(answer.stdout)
        self.name: str = facts["name"]  # "python3.13", which is also the name of the runtime
        self.packages = Path(facts["packages"])  # where the interpreter's own third-party packages are
        self.site_packages = f"lib/{self.name}/site-packages"  # relative to the tree
        source = json.dumps(facts)
        with alone(f"language/{self.name}") as self.tree:
            made_from = self.tree / "made-from.json"
            if not made_from.exists() or made_from.read_text() != source:
                shutil.rmtree(self.tree)
                self._copy(facts)
                made_from.write_text(source)

    @property
    def executable(self) -> str:
        """Its path on the platform."""
        return f"/var/lang/bin/{self.name}"

    def _copy(self, facts: dict[str, Any]) -> None:
        shutil.copytree(
            facts["standard_library"],
            self.tree / "lib" / self.name,
            ignore=shutil.ignore_patterns(*LEFT_OUT, *FOREIGN),
        )
        (self.tree / self.site_packages).mkdir()
        (self.tree / "bin").mkdir()
        shutil.copy2(facts["executable"], self.tree / "bin" / self.name)
        (self.tree / "bin" / "python3").symlink_to(self.name)
        if facts["shared_library"]:
            shutil.copy2(facts["shared_library"], self.tree / "lib")
