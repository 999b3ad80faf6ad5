"""Which score is enough: the gallery's thresholds, recomputed as it grows."""

import threading
from collections.abc import Callable

from facenet_res.core.errors import ArgumentInvalid, CalibrationUnsupported
from facenet_res.core.operating_point import OperatingPoint
from facenet_res.gallery.identifying import Identifier
from facenet_res.gallery.limits import check_threshold
from facenet_res.gallery.store import Store
from facenet_res.gallery.thresholds import PEOPLE_MIN, ImpostorScores, fmr_point, fpir_point

FPIR_DEFAULT = 0.01
GROWTH_MAX = 1.1
"""A sample is kept while people and faces change by less; the FPIR is scaled in between."""

ThresholdAtFmr = Callable[[float], float]


class Decider:
    """Operating points of a gallery. Safe from several threads."""

    def __init__(
        self, store: Store, identifier: Identifier, threshold_at_fmr: ThresholdAtFmr | None
    ) -> None:
        """Takes the model's own calibration for galleries that are too small for one."""
        self._store = store
        self._identifier = identifier
        self._threshold_at_fmr = threshold_at_fmr
        self._sampling = threading.Lock()
        self._sample: ImpostorScores | None = None
        self._points: dict[tuple[str, float, int], OperatingPoint] = {}

    def point(
        self,
        *,
        fpir: float | None = None,
        fmr: float | None = None,
        threshold: float | None = None,
    ) -> OperatingPoint:
        """The operating point that one of the three names; an FPIR of 1 % where none does.

        Raises:
            ArgumentInvalid: more than one is given, or a value is out of range.
            CalibrationUnsupported: the gallery is too small, and no model calibration is known.
        """
        if sum(value is not None for value in (fpir, fmr, threshold)) > 1:
            raise ArgumentInvalid("give one of fpir, fmr and threshold")
        if threshold is not None:
            check_threshold(threshold)
            return OperatingPoint(threshold, threshold_low=threshold, threshold_high=threshold)
        if fmr is not None:
            return self._at_fmr(fmr)
        return self._at_fpir(FPIR_DEFAULT if fpir is None else fpir)

    def _at_fmr(self, fmr: float) -> OperatingPoint:
        """From the model's calibration, which rests on more people; else from the gallery."""
        if self._threshold_at_fmr is not None:
            return OperatingPoint(self._threshold_at_fmr(fmr), fmr=fmr)
        return fmr_point(self._impostors(), fmr)

    def _at_fpir(self, fpir: float) -> OperatingPoint:
        if not isinstance(fpir, int | float) or not 0 < fpir < 1:
            raise ArgumentInvalid(f"fpir is a share between 0 and 1, got {fpir!r}")
        people = self._store.counts().persons
        if people < PEOPLE_MIN and self._threshold_at_fmr is not None:
            # Each of N people is a chance to be taken for: Bonferroni's bound on the FPIR.
            threshold = self._threshold_at_fmr(fpir / max(1, people))
            return OperatingPoint(threshold, fpir=fpir, rate_low=0.0, rate_high=fpir)
        scores = self._impostors()
        key = ("fpir", fpir, people)
        if key not in self._points:
            self._points[key] = fpir_point(scores, fpir, people)
        return self._points[key]

    def _impostors(self) -> ImpostorScores:
        """The sample of impostor scores, taken again where the gallery has changed much."""
        with self._sampling:
            counts = self._store.counts()
            if counts.persons < 2:
                raise CalibrationUnsupported(
                    f"the gallery has {counts.persons} people; a threshold needs {PEOPLE_MIN}"
                )
            known = self._sample
            if known is None or not all(
                _is_near(before, now)
                for before, now in ((known.people, counts.persons), (known.faces, counts.faces))
            ):
                self._sample = self._identifier.impostor_scores()
                self._points = {}
                known = self._sample
            return known


def _is_near(before: int, now: int) -> bool:
    return max(before, now) <= GROWTH_MAX * min(before, now)
