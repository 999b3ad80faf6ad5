"""Which score is enough: the gallery's thresholds, recomputed as it grows."""

import math
import threading
from collections.abc import Callable

import numpy as np

from facenet_res.core.errors import ArgumentInvalid, CalibrationUnsupported
from facenet_res.core.operating_point import OperatingPoint
from facenet_res.gallery.identifying import Identifier
from facenet_res.gallery.limits import check_threshold
from facenet_res.gallery.store import Store
from facenet_res.gallery.table import NO_ROW
from facenet_res.gallery.thresholds import (
    PEOPLE_MIN,
    ImpostorScores,
    fmr_point,
    fpir_point,
    without_duplicates,
)

FPIR_DEFAULT = 0.01
GROWTH_MAX = 1.1
"""A sample is kept while fewer entries of the log are added, as a share of the faces; the FPIR is
scaled to the number of people in between."""
FACES_COUNTED = 20_000
STEP = 1.01

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
        self._points: dict[tuple[float, int], OperatingPoint] = {}

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
        self._store.refresh()
        people = self._people()
        if people < PEOPLE_MIN and self._threshold_at_fmr is not None:
            # Each of N people is a chance to be taken for: Bonferroni's bound on the FPIR.
            threshold = self._threshold_at_fmr(fpir / max(1, people))
            return OperatingPoint(threshold, fpir=fpir, rate_low=0.0, rate_high=fpir)
        scores = self._impostors()
        key = (fpir, people)
        if key not in self._points:
            self._points[key] = fpir_point(scores, fpir, people)
        return self._points[key]

    def _people(self) -> int:
        """How many people have a face; in a large gallery to a hundredth, and rather too many."""
        view = self._store.view()
        used = view.face_rows != NO_ROW if view.has_free else np.ones(len(view.face_rows), np.bool_)
        faces, known = int(used.sum()), self._sample
        if known is None or faces <= FACES_COUNTED:
            return len(np.unique(view.person_rows[used]))
        people = known.people * faces / max(1, known.faces)
        return math.ceil(STEP ** math.ceil(math.log(people, STEP)))

    def _impostors(self) -> ImpostorScores:
        """The sample of impostor scores, taken again where many faces have changed since."""
        with self._sampling:
            known = self._sample
            if known is None or (
                self._store.position() - known.position > (GROWTH_MAX - 1) * known.faces
            ):
                known = without_duplicates(self._identifier.impostor_scores())
                if known.people < 2:
                    raise CalibrationUnsupported(
                        f"{known.people} people of the gallery have a face; a threshold needs "
                        f"{PEOPLE_MIN}"
                    )
                self._sample, self._points = known, {}
            return known
