"""One run, one file."""
