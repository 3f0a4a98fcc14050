"""The test kit: what the tests, the demo and the benchmarks stand on.

It knows nothing of the layer, so what it counts cannot be coloured by what it tests.
"""
