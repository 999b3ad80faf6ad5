"""Augmented faces stay faces: same shape, same range, and the same again from the same seed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facenet_res.core.errors import ConfigInvalid
from facenet_res.data.augment import AugmentConfig, augment

FACE = np.random.default_rng(7).integers(0, 256, (112, 112, 3), np.uint8)
NOTHING = {name: 0.0 for name in AugmentConfig.__dataclass_fields__ if not name.endswith("_max")}


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_shape_and_type_hold_and_a_seed_repeats(seed: int) -> None:
    one = augment(FACE, AugmentConfig(), np.random.default_rng(seed))
    again = augment(FACE, AugmentConfig(), np.random.default_rng(seed))

    assert one.shape == (112, 112, 3)
    assert one.dtype == np.uint8
    assert one.flags.c_contiguous
    np.testing.assert_array_equal(one, again)


def test_nothing_asked_for_changes_nothing() -> None:
    got = augment(FACE, AugmentConfig(**NOTHING), np.random.default_rng(0))

    np.testing.assert_array_equal(got, FACE)


def test_a_flip_mirrors() -> None:
    got = augment(FACE, AugmentConfig(**{**NOTHING, "flip": 1.0}), np.random.default_rng(0))

    np.testing.assert_array_equal(got, FACE[:, ::-1])


@pytest.mark.parametrize("name", sorted(set(NOTHING) - {"flip"}))
def test_each_change_changes_the_picture_and_not_the_input(name: str) -> None:
    before = FACE.copy()

    got = augment(FACE, AugmentConfig(**{**NOTHING, name: 1.0}), np.random.default_rng(3))

    assert not np.array_equal(got, FACE)
    np.testing.assert_array_equal(FACE, before)


def test_grey_has_no_colour() -> None:
    got = augment(FACE, AugmentConfig(**{**NOTHING, "grey": 1.0}), np.random.default_rng(0))

    np.testing.assert_array_equal(got[..., 0], got[..., 2])


def test_a_probability_beyond_one_is_refused() -> None:
    with pytest.raises(ConfigInvalid, match=r"augment\.blur .* 1\.5"):
        AugmentConfig(blur=1.5)
