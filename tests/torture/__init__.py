"""Freezes and thaws a function thousands of times while its servers betray the connections that it keeps.

    python -m tests.torture [--client requests ...] [--cycles 10000] [--seed 1]

A cycle: the parent hands a function process some requests; they are made; the process is stopped as Lambda stops a
sandbox (SIGSTOP to its group); the servers do to the idle connections what the cycle's `betrayal` says, or the clocks
jump; the process is continued with the next cycle's requests in its hands. The servers, which live in the parent, count
every request by its id: what a client believes it sent proves nothing. The same cycles are played to clients without
the layer, so that there is something to compare with.
"""
