"""The detector around a network: sizes, scales and suppression, with a network that is made up."""

import numpy as np
import pytest

from facenet_res.core.cells import OUTPUTS, cells
from facenet_res.core.errors import ArrayInvalid, ConfigInvalid
from facenet_res.faces.anchor_free import AnchorFreeConfig, AnchorFreeDetector


def white_finder(images: np.ndarray) -> np.ndarray:
    """A network that has every cell of stride 8 in the white rectangle point at that rectangle."""
    centres, strides = cells(*images.shape[1:3])
    outputs = np.zeros((1, len(centres), OUTPUTS), np.float32)
    outputs[0, :, 0] = -20
    rows, columns = np.nonzero(images[0].min(axis=2) > 250)
    low, high = np.array([columns.min(), rows.min()]), np.array([columns.max(), rows.max()]) + 1
    for number in np.flatnonzero(((centres > low) & (centres < high)).all(axis=1) & (strides == 8)):
        distances = np.concatenate([centres[number] - low, high - centres[number]]) / 8
        outputs[0, number, 0] = 3 - 0.1 * np.abs(centres[number] - (low + high) / 2).sum()
        outputs[0, number, 1:5] = np.log(distances)
        outputs[0, number, 5:] = np.tile(((low + high) / 2 - centres[number]) / 8, 5)
    return outputs


@pytest.mark.parametrize(("height", "width"), [(200, 300), (600, 900), (90, 50)])
def test_one_face_is_found_once_where_it_is(height: int, width: int) -> None:
    image = np.zeros((height, width, 3), np.uint8)
    box = np.array([width * 0.25, height * 0.3, width * 0.75, height * 0.8]).round()
    image[int(box[1]) : int(box[3]), int(box[0]) : int(box[2])] = 255
    detector = AnchorFreeDetector(white_finder, AnchorFreeConfig(side_px_max=320))
    (face,) = detector.detect(image)
    found = np.array([face.box.x0, face.box.y0, face.box.x1, face.box.y1])
    assert np.abs(found - box).max() < 0.02 * max(height, width)
    middle = (box[:2] + box[2:]) / 2
    assert np.abs(face.landmarks - middle).max() < 0.02 * max(height, width) + 0.5
    assert 0.5 < face.score <= 1


def test_scores_below_the_limit_are_no_faces() -> None:
    image = np.full((64, 64, 3), 255, np.uint8)
    detector = AnchorFreeDetector(white_finder, AnchorFreeConfig(score_min=0.99))
    assert detector.detect(image) == []


def test_an_array_that_is_no_image_is_refused() -> None:
    with pytest.raises(ArrayInvalid):
        AnchorFreeDetector(white_finder).detect(np.zeros((5, 5), np.uint8))


@pytest.mark.parametrize("values", [{"score_min": 0}, {"iou_max": 1.5}, {"side_px_max": 100}])
def test_a_value_out_of_range_is_refused(values: dict) -> None:
    with pytest.raises(ConfigInvalid):
        AnchorFreeConfig(**values)
