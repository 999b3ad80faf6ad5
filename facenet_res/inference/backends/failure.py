"""Errors of an engine, as ours: they name the model's file and what the engine said."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from facenet_res.core.errors import EngineFailed, FacenetError

MESSAGE_CHARS_MAX = 500


@contextmanager
def named_failures(engine: str, path: Path) -> Iterator[None]:
    """Turns an engine's error into EngineFailed.

    Raises:
        EngineFailed: the engine raised anything of its own.
    """
    try:
        yield
    except (FacenetError, AssertionError):
        raise
    except Exception as error:  # Engines' errors have no common base below Exception.
        raise EngineFailed(f"{engine} cannot run {path}: {one_line(error)}") from error


def one_line(error: Exception) -> str:
    """An engine's message without line breaks, cut at 500 characters."""
    return " ".join(str(error).split())[:MESSAGE_CHARS_MAX] or type(error).__name__
