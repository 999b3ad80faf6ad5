"""facenet-res: verify, enrol, identify and deduplicate faces on your own machine."""

__version__ = "0.1.0"

__all__ = ["__version__"]
