"""Each variant does what its definition says, and the same thing every time."""

import numpy as np
import pytest

from facenet_res.evaluation.variants import (
    MASK_COLOUR,
    MASK_TOP_PX,
    VARIANTS,
    Variant,
    changed,
)
from facenet_res.imaging.warp import resize
from tests.artifacts import smooth_faces

FACES = smooth_faces(6, seed=1)
each_variant = pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)


def named(name: str) -> Variant:
    return next(variant for variant in VARIANTS if variant.name == name)


@each_variant
def test_a_variant_changes_faces_and_always_alike(variant: Variant) -> None:
    once, again = changed(FACES, variant), changed(FACES, variant)
    np.testing.assert_array_equal(once, again)
    assert once.shape == FACES.shape
    assert once.dtype == np.uint8
    assert (once != FACES).any(axis=(1, 2, 3)).all()


@each_variant
def test_a_face_is_changed_alike_whatever_batch_it_stands_in(variant: Variant) -> None:
    np.testing.assert_array_equal(changed(FACES, variant)[4:], changed(FACES[4:], variant, first=4))


def test_a_mask_covers_the_lower_part_and_nothing_else() -> None:
    masked = changed(FACES, named("mask"))
    np.testing.assert_array_equal(masked[:, :MASK_TOP_PX], FACES[:, :MASK_TOP_PX])
    assert (masked[:, MASK_TOP_PX:] == MASK_COLOUR).all()


def test_a_rotation_brings_no_black_corner_and_turns_to_both_sides() -> None:
    white = np.full((40, 112, 112, 3), 255, np.uint8)
    assert changed(white, named("rotation")).min() == 255

    # A bar from the middle to the right ends above or below the middle row.
    bar = np.zeros((40, 112, 112, 3), np.uint8)
    bar[:, 54:58, 56:] = 255
    ends = changed(bar, named("rotation"))[:, :, 100, 0]
    above = ends[:, :56].sum(axis=1) > ends[:, 56:].sum(axis=1)
    assert 8 < above.sum() < 32
    # 44 px from the middle, 20 degrees are 16 px.
    heights = np.abs(ends.argmax(axis=1) - 55.5)
    np.testing.assert_allclose(heights, 44.5 * np.tan(np.radians(20)), atol=3)


def test_little_light_leaves_a_quarter_of_the_values_and_some_noise() -> None:
    grey = np.full((1, 112, 112, 3), 200, np.uint8)
    dark = changed(grey, named("low light"))
    # A sixteenth of the light is (1/16) ** (1/2.2) = 0.284 of the value.
    assert dark.mean() == pytest.approx(0.284 * 200, abs=2)
    assert 1 < dark.std() < 8


def test_28_px_leave_nothing_finer() -> None:
    small = changed(FACES, named("28 px"))[0]
    np.testing.assert_array_equal(small, resize(resize(FACES[0], 28, 28), 112, 112))
    stripes = np.zeros((1, 112, 112, 3), np.uint8)
    stripes[:, :, ::2] = 200
    assert np.ptp(changed(stripes, named("28 px"))) <= 1
