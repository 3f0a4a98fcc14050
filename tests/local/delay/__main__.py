"""Makes two networks with a slow line between them, until its standard input ends. Needs root.

    python -m tests.local.delay --milliseconds 5

prints one line of JSON: `near` and `far`, the paths of the network namespaces (for nsenter --net=PATH COMMAND), and
`near_address` and `far_address`, where the programs in each are reached from the other. A line `drop` on standard
input loses all packets from then on in silence, `resume` ends that; each is answered by a line of JSON with the
packets `carried` and `lost` so far. Nothing of it has a name or a file: whatever ends this process, the kernel takes
the devices away with it, and the networks with the last program in them.
"""

import argparse
import ctypes
import json
import os
import sys

from tests.local.network import Network

from .forwarder import Forwarder
from .tun import open_tun

# Reserved for examples (RFC 5737), so that no machine has them already.
NEAR_ADDRESS, FAR_ADDRESS = "198.51.100.5", "198.51.100.6"

# linux/prctl.h. The kernel may wake a sleeper 50 us late by default, a tenth of the shortest delay of interest.
PR_SET_TIMERSLACK = 29

# Ahead of what is measured: a packet that waits for a processor is late. nice(2).
PRIORITY = -15


def main() -> None:
    """Serve until standard input ends; exit status 1 and one line where that is not possible."""
    parser = argparse.ArgumentParser(prog="python -m tests.local.delay", description="Two networks, a slow line.")
    parser.add_argument("--milliseconds", type=float, required=True, help="one way; a round trip takes two")
    delay = parser.parse_args().milliseconds / 1000
    try:
        with Network() as near, Network() as far:
            with near.entered():
                near_end = open_tun("line", NEAR_ADDRESS, FAR_ADDRESS)
            with far.entered():
                far_end = open_tun("line", FAR_ADDRESS, NEAR_ADDRESS)
            os.nice(PRIORITY)
            ready = {"near": near.path, "far": far.path, "near_address": NEAR_ADDRESS, "far_address": FAR_ADDRESS}
            serve(Forwarder((near_end, far_end), delay), ready)
    except OSError as error:
        sys.exit(f"a delay line needs root and /dev/net/tun: {error}")


def serve(forwarder: Forwarder, ready: dict[str, str]) -> None:
    """Forward, and do what standard input says."""
    ctypes.CDLL(None).prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0)
    print(json.dumps(ready), flush=True)
    while True:
        forwarder.run(until=0)
        # One command at a time: who sends it waits for the answer.
        command = os.read(0, 64)
        if not command:
            return
        forwarder.dropping = command == b"drop\n"
        print(json.dumps({"carried": forwarder.carried, "lost": forwarder.lost}), flush=True)


if __name__ == "__main__":
    main()
