"""Finds the outgoing HTTP calls in a function's code, without running it."""
