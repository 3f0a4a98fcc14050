"""A careless call leaves nothing behind but its connection: no descriptor, no object, however many follow.

`python -m benchmarks.memory` looks at the same from outside, over 100,000 calls.
"""

from __future__ import annotations

import pytest

from tests.clients.callers import CALLERS
from tests.clients.conftest import ROOT, needs
from tests.clients.interpreter import Interpreter
from tests.support.origin import Origin

# Enough for caches of modules, of regular expressions and of ours to fill. The pool keeps a connection for 1000 calls,
# so that none is replaced meanwhile.
WARM_UP = 100
CALLS = 800

# What is kept for each call is at least one block of memory a call. A cache that still grows is far below.
MOST_BLOCKS = CALLS // 4


@pytest.mark.parametrize("client", CALLERS)
def test_nothing_grows_with_the_calls(run: Interpreter, origin: Origin, client: str) -> None:
    needs(client)
    code = f"""
        import gc, os, sys
        from tests.clients.callers.{client} import call

        # CPython's cache of type attributes keeps the names that were looked up, thousands of them, made anew or not.
        forget = getattr(sys, "_clear_internal_caches", None) or sys._clear_type_cache

        def held():
            gc.collect()
            forget()
            return len(os.listdir("/proc/self/fd")), sys.getallocatedblocks(), len(gc.get_objects())

        for _ in range(warm_up):
            call(url)
        before = held()
        for _ in range(calls):
            call(url)
        result = [after - before for before, after in zip(before, held())] + [act("open")]
    """
    descriptors, blocks, objects, idle = run(
        code,
        acts={"open": lambda: origin.open},
        environ={"PYTHONPATH": str(ROOT)},
        url=origin.url + "/",
        warm_up=WARM_UP,
        calls=CALLS,
    )
    assert descriptors == 0
    assert blocks < MOST_BLOCKS
    assert objects < MOST_BLOCKS
    assert (origin.accepted, idle, origin.received) == (1, 1, WARM_UP + CALLS)
