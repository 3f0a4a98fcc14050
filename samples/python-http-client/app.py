"""A careless function: it opens a connection for each call and closes it after the response."""

import os
from http.client import HTTPSConnection
from urllib.parse import urlsplit


def handler(event, context):
    url = urlsplit(event.get("url") or os.environ["TARGET_URL"])
    calls = event.get("calls", 3)
    status = None
    for _ in range(calls):
        connection = HTTPSConnection(url.hostname, url.port, timeout=10)
        connection.request("GET", url.path or "/")
        response = connection.getresponse()
        response.read()
        status = response.status
        connection.close()
    return {"status": status, "calls": calls}
