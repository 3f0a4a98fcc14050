"""A careless function with an origin of its own to call; returns what the origin says it has accepted."""

import os
import subprocess
import sys
import urllib.request

here = os.path.dirname(__file__)
origin = subprocess.Popen(
    [sys.executable, f"{here}/origin.py", f"{here}/certificates/certificate-1.pem"], stdout=subprocess.PIPE
)
port = int(origin.stdout.readline())


def handler(event, context):
    accepted = []
    for _ in range(event["calls"]):
        with urllib.request.urlopen(f"https://localhost:{port}/") as response:
            accepted.append(int(response.read()))
    return accepted
