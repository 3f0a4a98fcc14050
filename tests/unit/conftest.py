"""Imports the layer from its sources, and patches nothing."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "layer/lambda-keepalive/python"))
