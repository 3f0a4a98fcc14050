"""Two networks with a slow line between them: the kernel's own delay (netem) is in few kernels.

`DelayLine` is for Python; `python -m tests.local.delay` gives the same to everything else.
"""

from .line import DelayLine, Unavailable

__all__ = ["DelayLine", "Unavailable"]
