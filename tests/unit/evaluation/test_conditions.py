"""Conditions are made as they are defined, and the range of faces is where the FMR breaks."""

import numpy as np
import pytest

from facenet_res.core.arrays import unit_norm
from facenet_res.core.manifest import Threshold
from facenet_res.core.types import Embeddings, Faces
from facenet_res.evaluation.conditions import (
    CONDITIONS,
    calibrate_conditions,
    calibrate_origins,
    capture_range,
)
from facenet_res.evaluation.variants import changed
from facenet_res.faces.image_faces import is_grey, sharpness_of
from tests.fakes import FakeEmbedder

NAMES = ("grey", "same camera and light", "low resolution", "low light")


def silent(stage: str, done: int, total: int) -> None:
    """Hears nothing."""


def faces_of(count: int) -> Faces:
    coarse = np.random.default_rng(0).integers(0, 256, (count, 28, 28, 3), np.uint8)
    return coarse.repeat(4, axis=1).repeat(4, axis=2)


class Forgetful(FakeEmbedder):
    """Tells faces apart only where they are sharp: below a sharpness all are one person's."""

    def __init__(self, sharpness_min: float) -> None:
        super().__init__()
        self._sharpness_min = sharpness_min

    def embed(self, faces: Faces) -> Embeddings:
        """See Embedder."""
        random = np.random.default_rng(int(faces.sum()))
        rows = unit_norm(random.normal(size=(len(faces), self.embedding_dim)))
        is_dull = np.array([sharpness_of(face) < self._sharpness_min for face in faces])
        rows[is_dull] = np.eye(self.embedding_dim, dtype=np.float32)[0]
        return rows


def test_each_condition_is_what_it_says() -> None:
    faces = faces_of(3)
    grey, camera, small, dark = (changed(faces, one) for one in CONDITIONS)
    assert tuple(one.name for one in CONDITIONS) == NAMES
    assert all(is_grey(face) for face in (*grey, *camera))
    assert not any(is_grey(face) for face in faces)
    # The background of one camera is the same for all, and so is the face's brightness.
    np.testing.assert_array_equal(camera[0][:8], camera[1][:8])
    assert camera[:, 40:80, 40:70].mean(axis=(1, 2, 3)) == pytest.approx([110] * 3, abs=12)
    assert max(map(sharpness_of, small)) < min(map(sharpness_of, faces)) / 4
    assert dark.mean() < faces.mean() / 2


def test_conditions_have_the_thresholds_of_the_rates_that_they_support() -> None:
    people = [f"p{number // 2}" for number in range(20)]
    found = calibrate_conditions(FakeEmbedder(), faces_of(20), people, (0.1, 0.05), silent)
    assert tuple(one.name for one in found) == NAMES
    assert {one.impostor_pairs for one in found} == {180}
    assert [each.fmr for each in found[0].thresholds] == [0.1, 0.05]


def test_origins_are_calibrated_apart_and_without_children() -> None:
    rows = FakeEmbedder().embed(faces_of(90))
    groups = {"origin": ["Asian", "Black", ""] * 30, "age": ["20-34"] * 84 + ["0-9"] * 6}
    asian, black = calibrate_origins(rows, groups)
    assert (asian.name, asian.crops, black.crops) == ("origin: Asian", 28, 28)
    # 378 pairs support 1e-2 and not 1e-3.
    assert [each.fmr for each in asian.thresholds] == [1e-2]


def test_faces_that_the_network_cannot_tell_apart_are_outside_of_the_range() -> None:
    faces, people = faces_of(40), [str(number) for number in range(40)]
    thresholds = (Threshold(1e-2, 0.9, 0.9, 0.9),)
    blurred = capture_range(Forgetful(20.0), faces, people, thresholds, silent)
    sharp = capture_range(Forgetful(0.0), faces, people, thresholds, silent)
    # What is refused lies at the break; nothing that could be told apart is refused.
    assert blurred.sharpness_min >= 20 > sharp.sharpness_min
    assert blurred.eye_distance_px_min > sharp.eye_distance_px_min == 6.0
    assert blurred.is_colour
