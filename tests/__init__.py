"""The tests; `support` and `local` are imported as `tests.support` and `tests.local`."""
