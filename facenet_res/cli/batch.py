"""Commands over many files: what became of them, and the exit status."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict

from facenet_res.cli.console import note
from facenet_res.core import exit_codes
from facenet_res.core.image_files import SkippedFile


def as_dicts(items: Iterable[SkippedFile]) -> list[dict[str, str]]:
    """For JSON."""
    return [asdict(item) for item in items]


def conclude(done: int, skipped: Sequence[SkippedFile]) -> int:
    """Lists the skipped files on stderr; 0 if any file was done, 2 if none."""
    for item in skipped:
        note(f"skipped {item.path}: {item.message}")
    if skipped:
        note(f"{done} of {done + len(skipped)} files done, {len(skipped)} skipped")
    return exit_codes.OK if done else exit_codes.INPUT
