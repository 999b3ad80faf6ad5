"""Thresholds of each condition of capture, and the faces that the pooled thresholds hold for.

A false match rate is that of the images it was measured on. Between grey images, small faces, or
images of one camera in one light, two people look more alike, and a pooled threshold lets several
times the stated share pass. Each condition is made of the calibration's own faces, so that the
people are the same in all of them.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import cv2
import numpy as np

from facenet_res.core.embedder import Embedder
from facenet_res.core.face_template import TEMPLATE
from facenet_res.core.manifest import CaptureRange, Condition, Threshold
from facenet_res.core.progress import Tell
from facenet_res.core.types import FACE_SIDE_PX, Embeddings, Faces, Image
from facenet_res.evaluation.calibration import calibrate_on_people, impostor_similarities
from facenet_res.evaluation.intervals import least_rate
from facenet_res.evaluation.judge_data import embedded
from facenet_res.evaluation.variants import Variant, changed, dark
from facenet_res.faces.image_faces import is_grey, sharpness_of
from facenet_res.imaging.warp import resize

CROP_EYES_PX: Final = TEMPLATE[1][0] - TEMPLATE[0][0]
"""Between the eyes of an aligned crop."""
SMALL_EYES_PX: Final = 12.0
EYES_PX: Final = (24.0, 18.0, 14.0, 12.0, 10.0, 8.0, 6.0)
BLURS_PX: Final = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0)
RANGE_FMR: Final = 1e-3
KEPT_TIMES: Final = 2.0
"""A threshold holds for faces of which at most so many times its FMR match."""
REFUSED_TIMES: Final = 10.0
"""Faces of which more match are not compared."""
CONDITION_CROPS: Final = 2000
RANGE_CROPS: Final = 600
ONE_LIGHT: Final = (110.0, 40.0, 30)
"""Mean and deviation of the face's grey, and the grey around it."""
GROUP_RATES: Final = (1e-2, 1e-3)
"""Crops without a name: who is on two of them counts as two people, too many for lower rates."""


def _grey(face: Image, random: np.random.Generator) -> Image:
    grey = cv2.cvtColor(face, cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB), np.uint8)


def _one_camera(face: Image, random: np.random.Generator) -> Image:
    mean, deviation, around = ONE_LIGHT
    grey = cv2.cvtColor(face, cv2.COLOR_RGB2GRAY).astype(np.float64)
    rows, columns = np.mgrid[:FACE_SIDE_PX, :FACE_SIDE_PX]
    is_face = ((columns - 56) / 40) ** 2 + ((rows - 62) / 52) ** 2 <= 1
    inside = grey[is_face]
    grey = (grey - inside.mean()) / max(float(inside.std()), 1.0) * deviation + mean
    grey = np.where(is_face, np.clip(grey, 0, 255), around).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def _small(face: Image, random: np.random.Generator) -> Image:
    return _at_eye_distance(face, SMALL_EYES_PX)


CONDITIONS: Final = (
    Variant("grey", "colour taken away", _grey),
    Variant(
        "same camera and light",
        "grey, equal mean and contrast within an oval of 80 x 104 px, one dark grey around it",
        _one_camera,
    ),
    Variant("low resolution", f"{SMALL_EYES_PX:g} px between the eyes, enlarged", _small),
    Variant("low light", "a sixteenth of the light, with noise", dark),
)


def calibrate_conditions(
    embedder: Embedder, faces: Faces, people: Sequence[str], rates: Sequence[float], tell: Tell
) -> tuple[Condition, ...]:
    """The thresholds of each of `CONDITIONS`.

    Args:
        embedder: the network, as it serves.
        faces: uint8[B, 112, 112, 3], aligned; at most 2,000 of them, evenly chosen, are used.
        people: [B], who each shows.
        rates: false match rates; those that the pairs support are measured.
        tell: hears of progress.

    Raises:
        ArgumentInvalid, DataInvalid: see `calibrate_on_people`.
    """
    faces, people = _evenly(faces, people, CONDITION_CROPS)
    return tuple(
        condition_of(
            one.name,
            one.definition,
            embedded(embedder, changed(faces, one), one.name, tell),
            people,
            rates,
        )
        for one in CONDITIONS
    )


def condition_of(
    name: str, definition: str, rows: Embeddings, people: Sequence[object], rates: Sequence[float]
) -> Condition:
    """The thresholds of faces that have a condition in common, at the rates they support."""
    counts = np.unique(np.asarray(people), return_counts=True)[1]
    pairs = (len(rows) ** 2 - int((counts**2).sum())) // 2
    kept = [rate for rate in rates if pairs and rate >= least_rate(pairs)]
    found = calibrate_on_people(rows, people, kept) if len(counts) >= 3 else []
    return Condition(name, definition, len(rows), pairs, tuple(one.declared() for one in found))


def calibrate_origins(
    rows: Embeddings, groups: Mapping[str, Sequence[str]]
) -> tuple[Condition, ...]:
    """The thresholds among the people of each origin, of crops of one face each.

    Args:
        rows: float32[B, D], unit rows.
        groups: the origin of each row under "origin", and its band of age under "age"; "" where
            that is not known. Children are left out, whose rates say more of age than of origin.
    """
    origins, ages = (np.array(groups[name]) for name in ("origin", "age"))
    is_adult = ~np.isin(ages, ("", "0-9", "10-19"))
    return tuple(
        condition_of(
            f"origin: {origin}",
            "adults of one origin; a person on two crops counts as two people",
            rows[chosen],
            range(int(chosen.sum())),
            GROUP_RATES,
        )
        for origin in sorted(set(origins.tolist()) - {""})
        if (chosen := is_adult & (origins == origin)).any()
    )


def capture_range(
    embedder: Embedder,
    faces: Faces,
    people: Sequence[str],
    thresholds: Sequence[Threshold],
    tell: Tell,
) -> CaptureRange:
    """How small and how blurred a face may be: where the pooled FMR holds, and where it is lost.

    All faces are made smaller, or blurred, step by step. The thresholds hold down to the last step
    at which the FMR is at most twice the stated one; below the last at which it is at most ten
    times that, a face is not to be compared.

    Args:
        embedder: the network, as it serves.
        faces: uint8[B, 112, 112, 3], aligned; at most 600 of them are used.
        people: [B], who each shows.
        thresholds: pooled; that for an FMR of 1e-3, or else the strictest, is looked at.
        tell: hears of progress.
    """
    faces, names = _evenly(faces, people, RANGE_CROPS)
    least = min(thresholds, key=lambda one: abs(np.log(one.fmr / RANGE_FMR)))

    def times(name: str, copies: Faces) -> float:
        scores = impostor_similarities(embedded(embedder, copies, name, tell), names)
        return float((scores >= least.similarity).mean()) / least.fmr

    small = [
        (
            eyes_px,
            times(f"{eyes_px:g} px", np.stack([_at_eye_distance(face, eyes_px) for face in faces])),
        )
        for eyes_px in EYES_PX
    ]
    blurred = []
    for sigma_px in BLURS_PX:
        copies = np.stack([cv2.GaussianBlur(face, (0, 0), sigma_px) for face in faces])
        typical = float(np.median([sharpness_of(face) for face in copies]))
        blurred.append((typical, times(f"blur {sigma_px:g} px", copies.astype(np.uint8))))
    return CaptureRange(
        eye_distance_px=_last_within(small, KEPT_TIMES),
        sharpness=_last_within(blurred, KEPT_TIMES),
        eye_distance_px_min=_last_within(small, REFUSED_TIMES),
        sharpness_min=_last_within(blurred, REFUSED_TIMES),
        is_colour=bool(np.mean([is_grey(face) for face in faces]) < 0.5),
    )


def _evenly(faces: Faces, people: Sequence[str], most: int) -> tuple[Faces, list[str]]:
    kept = np.linspace(0, len(faces) - 1, min(len(faces), most)).astype(np.int64)
    return faces[kept], [people[number] for number in kept]


def _last_within(steps: list[tuple[float, float]], times_max: float) -> float:
    """The measure of the last step before the FMR first exceeds a multiple; steps fall."""
    last = steps[0][0]
    for measure, times in steps:
        if times > times_max:
            break
        last = measure
    return round(last, 2)


def _at_eye_distance(face: Image, eyes_px: float) -> Image:
    side_px = max(1, round(FACE_SIDE_PX * eyes_px / CROP_EYES_PX))
    return resize(resize(face, side_px, side_px), FACE_SIDE_PX, FACE_SIDE_PX)
