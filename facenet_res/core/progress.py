"""What long work tells of its progress."""

from collections.abc import Callable

Tell = Callable[[str, int, int], None]
"""Called with what is going on, how much of it is done, and how much there is."""
