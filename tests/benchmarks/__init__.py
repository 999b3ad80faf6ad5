"""Benchmarks: a smoke pass in every run of the tests, in full by `make bench`."""
