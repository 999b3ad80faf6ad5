"""The gRPC server: `python -m server --gallery DIR`. Run from a checkout, not part of the wheel."""
