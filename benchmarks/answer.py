"""The other side of `benchmarks.turns` in Python."""

import json
import sys
import time
from collections.abc import Callable


def answer(call: Callable[[], object]) -> None:
    """Make as many calls as each line of standard input says; answer with microseconds of wall and CPU time for one."""
    for line in sys.stdin:
        count = int(line)
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(count):
            call()
        times = time.perf_counter() - wall, time.process_time() - cpu
        print(json.dumps([each / count * 1e6 for each in times]), flush=True)
