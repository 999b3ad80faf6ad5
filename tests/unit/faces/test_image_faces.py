"""Faces out of reduced copies against faces out of the whole photograph."""

import numpy as np
import pytest

from facenet_res.core.types import Image
from facenet_res.faces.align import align_face
from facenet_res.faces.image_faces import detect_faces
from facenet_res.faces.mtcnn import MtcnnConfig, MtcnnDetector
from facenet_res.imaging.encode import encode_jpeg
from facenet_res.imaging.lazy_image import LazyImage
from facenet_res.imaging.warp import resize
from tests.fakes import FakeDetector
from tests.image_files import exif_block, jpeg_with_exif
from tests.portraits import portrait


@pytest.fixture(scope="module")
def detector() -> MtcnnDetector:
    return MtcnnDetector()


def photograph_of(image: Image, orientation: int = 1) -> LazyImage:
    data = jpeg_with_exif(encode_jpeg(image, quality=95), exif_block(orientation))
    return LazyImage.open(data)


def beside(face_side_px: int, width_px: int, height_px: int) -> Image:
    """A grey picture with the astronaut in its upper left corner."""
    image = np.full((height_px, width_px, 3), 90, np.uint8)
    image[:face_side_px, :face_side_px] = resize(portrait("astronaut"), face_side_px, face_side_px)
    return image


@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_a_large_face_is_cut_out_of_the_copy(detector: MtcnnDetector, orientation: int) -> None:
    # Given 7 MP whose sides are no whole number of blocks, with a face of 400 px.
    upright = beside(2303, 3001, 2303)
    stored = np.ascontiguousarray(np.rot90(upright, {1: 0, 3: 2, 6: 1}[orientation]))
    photograph = photograph_of(stored, orientation)
    # When found in the half-size copy.
    found = detect_faces(photograph, detector, 1)
    # Then nothing was decoded whole.
    assert "whole" not in vars(photograph)
    assert photograph.size_px == (3001, 2303)
    # And points are off those of the whole by less than 4 % of the eyes' distance, the crop by
    # less than 3 levels of 255 in the mean.
    (wanted,) = detector.detect(photograph.whole.pixels)
    eyes_px = np.linalg.norm(wanted.landmarks[0] - wanted.landmarks[1])
    errors_px = np.linalg.norm(found[0].landmarks - wanted.landmarks, axis=1)
    assert errors_px.max() <= 0.04 * eyes_px
    assert found[0].box.iou(wanted.box) >= 0.95
    crop = align_face(photograph.whole.pixels, found[0].landmarks)
    assert np.abs(found[0].crop.astype(int) - crop).mean() <= 3


def test_a_face_smaller_than_the_crop_is_cut_out_of_the_whole(detector: MtcnnDetector) -> None:
    # Given a face of 80 px in a photograph of 3,000 px: 40 px in the copy.
    photograph = photograph_of(beside(500, 3000, 1000))
    found = detect_faces(photograph, detector, 1)
    # Then its crop has the pixels of the whole.
    crop = align_face(photograph.whole.pixels, found[0].landmarks)
    np.testing.assert_array_equal(found[0].crop, crop)
    assert found[0].box.width_px > 60


def test_a_search_for_small_faces_takes_the_whole(detector: MtcnnDetector) -> None:
    # Given a face of 21 px in a photograph of 3,200 px.
    image = beside(128, 3200, 800)
    assert len(detect_faces(photograph_of(image), detector, 1)) == 0
    # When small faces are looked for however large the photograph, it is found.
    thorough = MtcnnDetector(MtcnnConfig(face_share_min=0))
    assert thorough.side_px_enough is None
    assert len(detect_faces(photograph_of(image), thorough, 1)) == 1


def test_a_detector_that_says_nothing_gets_the_whole() -> None:
    photograph = photograph_of(beside(500, 3000, 1000))
    found = detect_faces(photograph, FakeDetector(), 5)
    assert "whole" in vars(photograph)
    assert len(found) == 1


def test_a_photograph_without_a_face_has_no_crops(detector: MtcnnDetector) -> None:
    found = detect_faces(photograph_of(np.full((300, 400, 3), 90, np.uint8)), detector, 5)
    assert found == []
