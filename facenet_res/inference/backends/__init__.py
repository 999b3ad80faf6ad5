"""One runtime a file; each is imported only when it is asked for."""
