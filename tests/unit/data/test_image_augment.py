"""Random augmentation of images for classification."""

import numpy as np
import pytest

from facenet_res.core.errors import ConfigInvalid
from facenet_res.data.image_augment import ImageAugmentConfig, augment_images

NONE = ImageAugmentConfig(
    shift_max=0,
    rotation_deg_max=0,
    scale_max=0,
    contrast_max=0,
    brightness_max=0,
    is_flipped=False,
)


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (16, 12, 20, 3), np.uint8)


def test_without_any_amount_images_stay_what_they_are(images: np.ndarray) -> None:
    assert np.array_equal(augment_images(images, NONE, np.random.default_rng(0)), images)


def test_half_of_the_images_are_mirrored_exactly(images: np.ndarray) -> None:
    config = ImageAugmentConfig(
        shift_max=0, rotation_deg_max=0, scale_max=0, contrast_max=0, brightness_max=0
    )
    found = augment_images(images, config, np.random.default_rng(0))
    is_same = [np.array_equal(*pair) for pair in zip(found, images, strict=True)]
    is_mirrored = [
        np.array_equal(one, other[:, ::-1]) for one, other in zip(found, images, strict=True)
    ]
    assert all(a != b for a, b in zip(is_same, is_mirrored, strict=True))
    assert 4 <= sum(is_mirrored) <= 12


def test_one_generator_gives_the_same_images_again_and_another_others(images: np.ndarray) -> None:
    config = ImageAugmentConfig()
    first, again, other = (
        augment_images(images, config, np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert first.shape == images.shape


def test_the_border_repeats_and_is_not_black() -> None:
    white = np.full((8, 16, 16, 3), 255, np.uint8)
    config = ImageAugmentConfig(contrast_max=0, brightness_max=0, shift_max=0.5)
    assert augment_images(white, config, np.random.default_rng(0)).min() == 255


@pytest.mark.parametrize(
    ("name", "value"), [("shift_max", 0.6), ("rotation_deg_max", -1), ("contrast_max", 2)]
)
def test_an_amount_out_of_range_is_refused(name: str, value: float) -> None:
    with pytest.raises(ConfigInvalid, match=rf"augment\.{name} must be in"):
        ImageAugmentConfig(**{name: value})
