"""The server's machine is there and its process says nothing: stopped, swapping, or a flow that was silently dropped.

Nothing on the idle socket gives it away, so the request is sent; the caller's own timeout decides, as on any other
connection.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

from tests.clients.interpreter import Interpreter
from tests.support.origin import OriginProcess

TIMEOUTS = {"TimeoutError", "ReadTimeoutError", "ReadTimeout"}


def test_the_callers_timeout_ends_the_wait_and_the_request_is_sent_once(
    run: Interpreter, client: str, tmp_path: Path
) -> None:
    code = """
        result = [fetch(url + "/bytes/3")]
        act("stop")
        result.append(fetch(url + "/bytes/3", "POST", b"once", timeout=0.3))
        act("continue")
        result.append(fetch(url + "/bytes/3"))
    """
    with OriginProcess(tmp_path, plain=True) as server:
        process = server._process.pid

        def stop() -> None:
            os.kill(process, signal.SIGSTOP)
            os.waitid(os.P_PID, process, os.WSTOPPED | os.WNOWAIT)  # all of its threads

        acts = {"stop": stop, "continue": lambda: os.kill(process, signal.SIGCONT)}
        try:
            before, during, after = run(client, code, acts=acts, url=server.url)
        finally:
            os.kill(process, signal.SIGCONT)
        counts = server.counts()
    assert (before, after) == ([200, "012"], [200, "012"])
    assert during in TIMEOUTS
    assert counts["requests"] <= 3, "the one in the middle arrived at most once"
    assert counts["accepted"] == 2
