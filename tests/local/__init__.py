"""A local Lambda: our own emulator of the platform, and runners for AWS's emulator and for `sam local`.

Start with `Emulator`. docs/local-lambda.md tells which of the three to use when.
"""

from .emulator import Emulator
from .invocation import Fault, Invocation
from .output import Line

__all__ = ["Emulator", "Fault", "Invocation", "Line"]
