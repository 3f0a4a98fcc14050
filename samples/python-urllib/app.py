"""A careless function: `urlopen` has no way to keep a connection, it asks the server to close each one."""

import os
from urllib.request import urlopen


def handler(event, context):
    url = event.get("url") or os.environ["TARGET_URL"]
    calls = event.get("calls", 3)
    status = None
    for _ in range(calls):
        with urlopen(url, timeout=10) as response:
            response.read()
            status = response.status
    return {"status": status, "calls": calls}
