"""Checks a built layer, or how a function has it attached."""
