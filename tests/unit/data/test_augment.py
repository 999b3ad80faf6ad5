"""Augmented faces stay faces: same shape, same range, and the same again from the same seed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facenet_res.core.errors import ConfigInvalid
from facenet_res.data.augment import AugmentConfig, augment

FACE = np.random.default_rng(7).integers(0, 256, (112, 112, 3), np.uint8)
NOTHING = {
    name: 0.0
    for name in AugmentConfig.__dataclass_fields__
    if name != "strength" and not name.endswith("_max")
}


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


def test_strength_0_leaves_the_flip_alone() -> None:
    seen = {
        augment(FACE, AugmentConfig(strength=0.0), np.random.default_rng(seed)).tobytes()
        for seed in range(40)
    }

    assert seen == {FACE.tobytes(), FACE[:, ::-1].tobytes()}


@pytest.mark.parametrize("name", sorted(set(NOTHING) - {"flip", "grey"}))
def test_more_strength_changes_more(name: str) -> None:
    # A flat background and an edge: on noise, a blur would hide how strong the others are.
    smooth = np.full((112, 112, 3), 90, np.uint8)
    smooth[30:80, 40:75] = (200, 120, 160)

    def change(strength: float) -> float:
        config = AugmentConfig(**{**NOTHING, name: 0.5, "strength": strength})
        changed = (augment(smooth, config, np.random.default_rng(seed)) for seed in range(60))
        return float(np.mean([np.abs(c.astype(float) - smooth).mean() for c in changed]))

    assert 0 < change(0.5) < change(1.0) < change(2.0)


def test_noise_is_gaussian_of_the_deviation_it_says() -> None:
    grey = np.full((112, 112, 3), 128, np.uint8)
    config = AugmentConfig(**{**NOTHING, "noise": 1.0})

    deviations = [
        float(augment(grey, config, np.random.default_rng(seed)).astype(float).std())
        for seed in range(40)
    ]

    assert 1.8 < min(deviations) < 4.0
    assert 12.0 < max(deviations) < 14.2


@pytest.mark.parametrize("strength", [-0.1, 2.1, float("nan")])
def test_a_strength_out_of_range_is_refused(strength: float) -> None:
    with pytest.raises(ConfigInvalid, match=r"augment\.strength must be in \[0, 2\]"):
        AugmentConfig(strength=strength)


def test_a_probability_beyond_one_is_refused() -> None:
    with pytest.raises(ConfigInvalid, match=r"augment\.blur .* 1\.5"):
        AugmentConfig(blur=1.5)
