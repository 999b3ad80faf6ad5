"""Generated stubs of the wire format; `make protos` writes them from protos/."""
