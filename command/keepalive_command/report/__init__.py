"""Adds up the lines that the layer prints: what was opened, what was reused, what it saved."""
