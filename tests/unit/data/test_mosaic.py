"""Mosaics: boxes and landmarks move with the pixels."""

import numpy as np
import pytest

from facenet_res.core.errors import ConfigInvalid
from facenet_res.core.types import Box, Detection
from facenet_res.data.mosaic import BoxedImage, MosaicConfig, boxed_image, mosaic

PLAIN = {"contrast_max": 0.0, "brightness_max": 0.0}


def marked(width: int = 120, height: int = 90) -> BoxedImage:
    """A grey image with a white rectangle, which is the face, a red left eye and a green right."""
    pixels = np.full((height, width, 3), 40, np.uint8)
    box = Box(40, 30, 80, 70)
    pixels[30:70, 40:80] = 255
    pixels[38:45, 46:53] = (255, 0, 0)
    pixels[38:45, 66:73] = (0, 255, 0)
    points = np.array([[49, 41], [69, 41], [59, 50], [50, 60], [68, 60]], np.float32)
    return boxed_image(pixels, [Detection(box, 1.0, points)])


def test_boxes_and_landmarks_stay_on_what_they_mark() -> None:
    config = MosaicConfig(side_px=128, grid_max=2, **PLAIN)
    faces = 0
    for seed in range(30):
        canvas = mosaic([marked()], config, np.random.default_rng(seed))
        assert canvas.pixels.shape == (128, 128, 3)
        for box, points in zip(canvas.boxes, canvas.landmarks, strict=True):
            faces += 1
            x0, y0, x1, y1 = box.round().astype(int)
            assert 0 <= x0 < x1 <= 128
            inside = canvas.pixels[y0 + 2 : y1 - 2, x0 + 2 : x1 - 2].max(axis=2)
            assert np.median(inside) > 200
            for (x, y), colour in zip(points[:2], (0, 1), strict=True):
                if x0 + 2 <= x < x1 - 2 and y0 + 2 <= y < y1 - 2:
                    pixel = canvas.pixels[round(float(y)), round(float(x))]
                    # Also after mirroring the first eye is the one on the image's left.
                    assert pixel[colour] > 150 or pixel[1 - colour] > 150
                    assert pixel[2] < 120
            assert points[0, 0] < points[1, 0]
    assert faces > 20


def test_a_face_that_is_cut_or_too_small_is_ignored_and_not_taught() -> None:
    config = MosaicConfig(side_px=128, grid_max=1, zoom_max=4.0, face_px_min=10.0, **PLAIN)
    cut = 0
    for seed in range(40):
        canvas = mosaic([marked()], config, np.random.default_rng(seed))
        assert len(canvas.boxes) + len(canvas.ignored) <= 1
        # The whole face is 40x40 px of an image that is magnified by at least 128 / 90.
        for box in canvas.boxes:
            assert np.prod(box[2:] - box[:2]) >= config.visible_min * (40 * 128 / 90) ** 2
        cut += len(canvas.ignored)
    assert cut > 0
    small = MosaicConfig(side_px=128, grid_max=1, zoom_max=1.0, face_px_min=100.0, **PLAIN)
    canvas = mosaic([marked()], small, np.random.default_rng(0))
    assert (len(canvas.boxes), len(canvas.ignored)) == (0, 1)


def test_an_image_without_faces_is_a_background() -> None:
    empty = boxed_image(np.zeros((50, 60, 3), np.uint8), [])
    canvas = mosaic([empty], MosaicConfig(side_px=64), np.random.default_rng(0))
    assert canvas.boxes.shape == (0, 4)
    assert canvas.landmarks.shape == (0, 5, 2)


def test_the_same_generator_gives_the_same_canvas() -> None:
    config = MosaicConfig(side_px=64)
    first, again = (mosaic([marked()], config, np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(first.pixels, again.pixels)


@pytest.mark.parametrize(
    "values", [{"side_px": 100}, {"grid_max": 0}, {"zoom_max": 0.5}, {"visible_min": 0.0}]
)
def test_a_value_out_of_range_is_refused(values: dict) -> None:
    with pytest.raises(ConfigInvalid, match="mosaic"):
        MosaicConfig(**values)
