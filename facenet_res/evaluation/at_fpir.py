"""Identification at the gallery's own threshold for an FPIR: who is named, and who should be."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from facenet_res.core.errors import CalibrationUnsupported
from facenet_res.core.operating_point import OperatingPoint
from facenet_res.evaluation.intervals import Interval, clopper_pearson
from facenet_res.evaluation.photos import Answer
from facenet_res.gallery.gallery import EmbeddingGallery

RATES: Final = (0.01, 0.05)


@dataclass(frozen=True, slots=True)
class AtFpir:
    """What the threshold for an FPIR makes of images of enrolled people and of others.

    Attributes:
        fpir: asked for.
        threshold: the gallery's, from its own impostor scores.
        named: images of people never enrolled that were given a name.
        interval: 95 % Clopper-Pearson interval of their share.
        tpir: share of the images of enrolled people that got the right name.
    """

    fpir: float
    threshold: float
    named: int
    interval: Interval
    tpir: float


def fpir_points(gallery: EmbeddingGallery) -> tuple[OperatingPoint, ...]:
    """The gallery's operating points for `RATES`, as far as its people support them."""
    found = []
    for rate in RATES:
        try:
            found.append(gallery.operating_point(fpir=rate))
        except CalibrationUnsupported:
            continue
    return tuple(found)


def at_fpirs(answers: Sequence[Answer], points: Sequence[OperatingPoint]) -> tuple[AtFpir, ...]:
    """Counts the answers again at each operating point."""
    others = [one for one in answers if not one.is_enrolled]
    known = [one for one in answers if one.is_enrolled]
    found = []
    for point in points:
        named = sum(one.similarity >= point.threshold for one in others)
        right = sum(
            one.similarity >= point.threshold and one.closest == one.person for one in known
        )
        found.append(
            AtFpir(
                fpir=point.fpir or 0.0,
                threshold=point.threshold,
                named=named,
                interval=clopper_pearson(named, len(others)),
                tpir=right / len(known) if known else 0.0,
            )
        )
    return tuple(found)
