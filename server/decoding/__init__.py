"""Decoding of what clients send, in processes with limits of memory and CPU time."""
