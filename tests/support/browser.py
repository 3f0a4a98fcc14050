"""A headless Chromium under a test's control: the DevTools protocol over a pair of pipes, so that no port is opened, no
driver has to fit and nothing has to be installed but the browser.

Messages are JSON, each ended by a NUL byte; Chromium reads them from descriptor 3 and writes to 4
(`--remote-debugging-pipe`, content/browser/devtools/devtools_pipe_handler.cc).
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

# No sandbox: CI is root, for whom Chromium has none. The others silence what a browser does by itself over a network.
OPTIONS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage --hide-scrollbars --remote-debugging-pipe"
)
PATIENCE = 60.0  # seconds for any one answer: a browser starts slowly on a busy machine, a healthy one answers at once
KEYS = {"Enter": (13, "\r"), "Tab": (9, "\t"), "Escape": (27, ""), " ": (32, " "), "ArrowDown": (40, "")}


def chromium() -> str | None:
    """The path of the browser, or None where there is none."""
    return next(filter(None, map(shutil.which, ("chromium", "google-chrome", "chromium-browser"))), None)


class Browser:
    """One browser process, from `with` to its end; `profile` is a directory that it may fill."""

    def __init__(self, program: str, profile: Path) -> None:
        self._count = 0
        self._unread = b""
        self.events: list[dict[str, Any]] = []
        # Out of the way of 3 and 4, which the shell puts in their place.
        theirs, self._write = self._high(os.pipe())
        self._read, theirs_too = self._high(os.pipe())
        shell = ["bash", "-c", 'exec "${@:3}" 3<&"$1" 4>&"$2"', "-", str(theirs), str(theirs_too)]
        self._process = subprocess.Popen(
            [*shell, program, *OPTIONS.split(), f"--user-data-dir={profile}", "about:blank"],
            pass_fds=(theirs, theirs_too),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs)
        os.close(theirs_too)

    @staticmethod
    def _high(pair: tuple[int, int]) -> tuple[int, int]:
        read, write = (fcntl.fcntl(each, fcntl.F_DUPFD_CLOEXEC, 10) for each in pair)
        for each in pair:
            os.close(each)
        return read, write

    def __enter__(self) -> Browser:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._write)  # the end of its input is the end of the browser
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._read)

    def page(self, *, dark: bool = False, width: int = 1100, height: int = 1600) -> Page:
        """A new empty page of a browser that prefers light or dark, and remembers nothing of other pages."""
        context = self.call("Target.createBrowserContext")
        target = self.call("Target.createTarget", {"url": "about:blank", **context})["targetId"]
        session = self.call("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        page = Page(self, session)
        for domain in ("Page", "Runtime", "Log", "Network"):
            page.call(f"{domain}.enable")
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        page.call("Emulation.setDeviceMetricsOverride", metrics)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        page.call("Emulation.setEmulatedMedia", {"features": [scheme]})
        return page

    def call(self, method: str, parameters: Mapping[str, object] | None = None, session: str = "") -> dict[str, Any]:
        """The result of a command of the protocol; raises `RuntimeError` with the browser's own words."""
        self._count += 1
        number = self._count
        message = {"id": number, "method": method, "params": parameters or {}}
        if session:
            message["sessionId"] = session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while (answer := self._receive()).get("id") != number:
            self.events.append(answer)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")
        result: dict[str, Any] = answer["result"]
        return result

    def wait_for(self, method: str, session: str) -> None:
        """Return once the page has reported the event, now or before."""
        while not any(each.get("method") == method and each.get("sessionId") == session for each in self.events):
            self.events.append(self._receive())

    def _receive(self) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE
        while b"\0" not in self._unread:
            if not select.select([self._read], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise TimeoutError("the browser does not answer")
            piece = os.read(self._read, 1 << 20)
            if not piece:
                raise RuntimeError(f"the browser ended with status {self._process.wait()}")
            self._unread += piece
        message, _, self._unread = self._unread.partition(b"\0")
        decoded: dict[str, Any] = json.loads(message)
        return decoded


class Page:
    """A tab."""

    def __init__(self, browser: Browser, session: str) -> None:
        self.browser = browser
        self.session = session

    def call(self, method: str, parameters: Mapping[str, object] | None = None) -> dict[str, Any]:
        return self.browser.call(method, parameters, self.session)

    def open(self, url: str) -> None:
        """Go there, and return when the page and what belongs to it is loaded."""
        self.browser.events = [each for each in self.browser.events if each.get("method") != "Page.loadEventFired"]
        failed = self.call("Page.navigate", {"url": url}).get("errorText")
        if failed:
            raise RuntimeError(f"{url}: {failed}")
        self.browser.wait_for("Page.loadEventFired", self.session)

    def evaluate(self, script: str) -> Any:
        """The value of a JavaScript expression; a promise is waited for."""
        wanted = {"expression": script, "returnByValue": True, "awaitPromise": True}
        result = self.call("Runtime.evaluate", wanted)
        if "exceptionDetails" in result:
            raise RuntimeError(result["exceptionDetails"]["exception"]["description"])
        return result["result"].get("value")

    def until(self, script: str) -> Any:
        """The value of the expression as soon as it is true, looked at for each frame."""
        frames = "new Promise(r => { const f = () => { const v = (%s); v ? r(v) : setTimeout(f, 16) }; f() })"
        return self.evaluate(frames % script)

    def press(self, key: str) -> None:
        """Press a key of the keyboard: a name of `KEYS` or a character."""
        code, text = KEYS.get(key, (ord(key[0].upper()), key))
        event = {"key": key, "windowsVirtualKeyCode": code}
        self.call("Input.dispatchKeyEvent", {"type": "keyDown", **event, **({"text": text} if text else {})})
        self.call("Input.dispatchKeyEvent", {"type": "keyUp", **event})

    def screenshot(self, path: Path) -> None:
        """Write what is to be seen as a PNG."""
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", {"format": "png"})["data"]))

    @property
    def complaints(self) -> list[str]:
        """What stands on the console: errors, warnings, messages, exceptions, resources that could not be had."""
        self.evaluate("0")  # what was reported before this is read by now
        events = [each for each in self.browser.events if each.get("sessionId") == self.session]
        kinds = ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded")
        return [json.dumps(each["params"]) for each in events if each["method"] in kinds]

    @property
    def requests(self) -> list[str]:
        """The addresses that the page asked for."""
        self.evaluate("0")
        return [
            each["params"]["request"]["url"]
            for each in self.browser.events
            if each.get("method") == "Network.requestWillBeSent" and each["sessionId"] == self.session
        ]
