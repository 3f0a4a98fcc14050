"""Records as the function process writes them, and lines made comparable."""

from __future__ import annotations

import re

FULL = (
    "id=8f507cfc-xmpl-4697-b07a-ac58fc914c95 pid=12 t=1700000000000 cold=1 runtime=python3.12 init=on-demand "
    "version=0.1.0 RequestsSent=5 ConnectionsOpened=2 ConnectionsReused=3 StaleConnections=1 ConnectTime=30.25 "
    "ConnectTimeSaved=45.375 ConnectionsIdle=2 ConnectionsDiscarded=1 RequestsReplayed=0 ConnectErrors=4 "
    "TlsHandshakes=2 host=https://api.example.com:443,4,1,3,0,12.3,4.5 host=https://[2001:db8::1]:8443,1,1,0,1,17.95 "
    "discarded=stale:1 notReused=first:2"
)


def record(kind: str = "end", fields: str = FULL) -> str:
    """One line with its newline."""
    return f"LKA1 {kind} {fields}\n"


def small(request: str, kind: str = "end") -> str:
    """A record with nothing but what it must have and one metric."""
    return record(kind, f"id={request} pid=12 t=1700000000000 RequestsSent=1")


def without_sockets(line: str) -> str:
    """`line` with every count of sockets as 0: they are this machine's."""
    return re.sub(r'("Sockets\w+"):\d+', r"\1:0", line)
