"""`python -m tests.support.origin`: serve until SIGTERM, SIGINT or, if asked, the end of stdin.

Prints one line of JSON when it is ready: `url`, `bundle` (the CA file, null for plain HTTP) and `control`.
The control port answers `/_counts`, `/_reset` and `/_close_idle` as JSON and is in no count itself.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import signal
from pathlib import Path

from tests.support.certificates import Authority
from tests.support.origin.exchange import Exchange
from tests.support.origin.server import Origin


def control_of(origin: Origin) -> Origin:
    """Return a second server, not started yet, through which another process sees and steers the first."""

    def counts(exchange: Exchange) -> None:
        exchange.respond_json(
            {
                "accepted": origin.accepted,
                "handshakes": origin.handshakes,
                "requests": origin.received,
                "open": origin.open,
            }
        )

    def reset(exchange: Exchange) -> None:
        origin.reset()
        counts(exchange)

    def close_idle(exchange: Exchange) -> None:
        exchange.respond_json({"closed": origin.close_idle()})

    control = Origin()
    control.route("/_counts", counts)
    control.route("/_reset", reset)
    control.route("/_close_idle", close_idle)
    return control


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.origin", description="An origin that counts.")
    parser.add_argument("--directory", type=Path, required=True, help="where the CA and the certificate are written")
    parser.add_argument("--plain", action="store_true", help="serve HTTP without TLS")
    parser.add_argument("--roots", type=Path, help="PEM file to put in front of our CA in the bundle")
    parser.add_argument("--with-stdin", action="store_true", help="end when stdin ends")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: %(default)s)")
    options = parser.parse_args()

    authority = None if options.plain else Authority(options.directory)
    bundle = authority and (authority.bundle_with(options.roots) if options.roots else authority.bundle)

    signal_reader, signal_writer = os.pipe()
    os.set_blocking(signal_writer, False)
    signal.set_wakeup_fd(signal_writer)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)

    names = tuple({"localhost", "127.0.0.1", "::1", options.host})
    with Origin(authority, options.host, names=names, keep_requests=False) as origin, control_of(origin) as control:
        ready = {"url": origin.url, "bundle": bundle and str(bundle), "control": control.url}
        print(json.dumps(ready), flush=True)
        # Nobody writes to our stdin, so that readable means ended.
        select.select([signal_reader, 0] if options.with_stdin else [signal_reader], [], [])


if __name__ == "__main__":
    main()
