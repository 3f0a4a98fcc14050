"""Imports the layer from its sources, and patches nothing."""

import sys
from pathlib import Path

from hypothesis import settings

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "layer/lambda-keepalive/python"))

# No deadline: the machine may be busy. No database: a failure prints what reproduces it.
settings.register_profile("lambda-keepalive", deadline=None, database=None, max_examples=300)
settings.load_profile("lambda-keepalive")
