"""Offline deduplication: the same file, the same photograph, the same person.

The stages scan, fingerprint, embed, pairs, cluster and report each read files and write files in
one output folder, so a run that was stopped goes on where it was. The photos are only ever read.
"""
