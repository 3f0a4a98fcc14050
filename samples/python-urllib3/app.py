"""A careless function: a `PoolManager` that lives for one call pools nothing."""

import os

import urllib3


def handler(event, context):
    url = event.get("url") or os.environ["TARGET_URL"]
    calls = event.get("calls", 3)
    status = None
    for _ in range(calls):
        status = urllib3.PoolManager().request("GET", url, timeout=10).status
    return {"status": status, "calls": calls}
