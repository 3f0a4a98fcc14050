"""Takes docs/report.png: `python -m tests.docs.pictures`. The page is that of two recordings of a sample on the local
Lambda, in mode `observe` and in mode `on`, as `lambda-keepalive report --compare` makes it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.docs.tables import DOCS, ROOT
from tests.local import Emulator
from tests.support.browser import Browser, chromium
from tests.support.certificates import Authority
from tests.support.origin import Origin

SAMPLE, INVOCATIONS = "python-requests", 100
WIDTH, HEIGHT = 1000, 740  # the comparison: what one looks for first


def record(mode: str, origin: Origin, bundle: Path) -> str:
    """What the function logs."""
    layer = ROOT / "build/x86_64"
    environ = {
        "AWS_LAMBDA_EXEC_WRAPPER": str(layer / "lambda-keepalive/exec"),
        "KEEPALIVE_MODE": mode,
        "KEEPALIVE_LOOPBACK": "1",
        "REQUESTS_CA_BUNDLE": str(bundle),
        "TARGET_URL": origin.url,
    }
    with Emulator(handler="app.handler", task_root=ROOT / "samples" / SAMPLE, layer=layer, environ=environ) as function:
        for _ in range(INVOCATIONS):
            assert function.invoke({}).error is None
        function.shutdown()
        return "".join(line.text + "\n" for line in function.lines)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        authority = Authority(directory)
        with Origin(tls=authority) as origin:
            for mode in ("observe", "on"):
                (directory / f"{mode}.log").write_text(record(mode, origin, authority.bundle))
        command = ["-m", "keepalive_command", "report", "--compare", "observe.log", "on.log", "--html", "report.html"]
        environ = {"PYTHONPATH": str(ROOT / "command")}
        subprocess.run([sys.executable, *command], cwd=directory, env=environ, check=True, stdout=subprocess.DEVNULL)
        program = chromium()
        if program is None:
            raise SystemExit("chromium is missing")
        with Browser(program, directory / "profile") as browser:
            page = browser.page(width=WIDTH, height=HEIGHT)
            page.open((directory / "report.html").as_uri())
            assert page.complaints == []
            page.screenshot(DOCS / "report.png")


if __name__ == "__main__":
    main()
