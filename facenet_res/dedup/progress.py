"""How a stage says how far it is."""

from collections.abc import Callable
from dataclasses import dataclass

from facenet_res.dedup.types import Stage


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one stage is.

    Attributes:
        stage: that is running.
        done: items done, those of earlier runs included.
        total: items in all; 0 while that is not known.
    """

    stage: Stage
    done: int
    total: int


OnProgress = Callable[[Progress], None]


def no_progress(_: Progress) -> None:
    """For callers who do not want to know."""
