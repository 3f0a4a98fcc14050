"""A careless function: `requests.get` builds a session for each call and throws its connection away."""

import os

import requests


def handler(event, context):
    url = event.get("url") or os.environ["TARGET_URL"]
    calls = event.get("calls", 3)
    status = None
    for _ in range(calls):
        status = requests.get(url, timeout=10).status_code
    return {"status": status, "calls": calls}
