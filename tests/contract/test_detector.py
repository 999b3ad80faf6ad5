"""What holds for every detector, on real faces: MTCNN always, YuNet where its file is."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from facenet_res.core.errors import ArrayInvalid
from facenet_res.core.types import Detection, Image
from facenet_res.faces.align import align_face, alignment
from facenet_res.faces.detector import Detector
from facenet_res.faces.open import open_detector
from facenet_res.imaging.geometry import transform_points
from facenet_res.imaging.warp import resize
from tests.portraits import PORTRAITS, portrait


@pytest.fixture(scope="module", params=["mtcnn", pytest.param("yunet", marks=pytest.mark.data)])
def detector(request: pytest.FixtureRequest) -> Detector:
    if request.param == "mtcnn":
        return open_detector("mtcnn")
    shared_data: Path = request.getfixturevalue("shared_data")
    return open_detector("yunet", shared_data / "weights" / "yunet_n_dynamic.onnx")


@pytest.fixture(params=PORTRAITS)
def image(request: pytest.FixtureRequest) -> Image:
    return portrait(request.param)


def assert_same_face(found: Detection, wanted: Detection, iou_min: float = 0.8) -> None:
    assert found.box.iou(wanted.box) >= iou_min
    eyes_px = np.linalg.norm(wanted.landmarks[0] - wanted.landmarks[1])
    assert np.abs(found.landmarks - wanted.landmarks).max() <= 0.2 * eyes_px


def test_finds_the_one_face_of_a_portrait(detector: Detector, image: Image) -> None:
    (face,) = detector.detect(image)
    assert 0.7 <= face.score <= 1
    assert face.landmarks.shape == (5, 2)
    assert face.landmarks.dtype == np.float32
    assert 0.1 * image.shape[1] < face.box.width_px < 0.6 * image.shape[1]


def test_left_and_right_are_those_of_the_picture(detector: Detector, image: Image) -> None:
    (face,) = detector.detect(image)
    left_eye, right_eye, nose, left_mouth, right_mouth = face.landmarks
    assert left_eye[0] < nose[0] < right_eye[0]
    assert left_mouth[0] < right_mouth[0]
    assert max(left_eye[1], right_eye[1]) < nose[1] < min(left_mouth[1], right_mouth[1])


def test_the_landmarks_lie_within_the_box(detector: Detector, image: Image) -> None:
    (face,) = detector.detect(image)
    assert (face.landmarks > (face.box.x0, face.box.y0)).all()
    assert (face.landmarks < (face.box.x1, face.box.y1)).all()


def test_an_aligned_face_has_its_landmarks_at_the_template(
    detector: Detector, image: Image
) -> None:
    # Given the crop of a found face.
    (face,) = detector.detect(image)
    crop = align_face(image, face.landmarks)
    assert crop.shape == (112, 112, 3)
    # When its landmarks are carried along, then eyes and mouth lie where the template has them.
    points = transform_points(alignment(face.landmarks), face.landmarks)
    np.testing.assert_allclose(points[[0, 1]], [(38.3, 51.7), (73.5, 51.5)], atol=6)
    np.testing.assert_allclose(points[[3, 4]], [(41.5, 92.4), (70.7, 92.2)], atol=6)


def test_several_faces_come_largest_first(detector: Detector) -> None:
    # Given both portraits side by side, the second larger.
    small = resize(portrait("astronaut"), 384, 384)
    large = resize(portrait("grace_hopper"), 512, 600)
    image = np.zeros((600, 896, 3), np.uint8)
    image[:384, :384] = small
    image[:, 384:] = large
    # When searched.
    faces = detector.detect(image)
    # Then the larger face comes first, each where it is.
    assert len(faces) == 2
    assert faces[0].box.area_px > faces[1].box.area_px
    assert faces[0].box.x0 > 384 > faces[1].box.x1


def test_a_face_moves_and_grows_with_its_picture(detector: Detector, image: Image) -> None:
    (face,) = detector.detect(image)
    (grown,) = detector.detect(resize(image, 2 * image.shape[1], 2 * image.shape[0]))
    halved = (grown.landmarks - 0.5) / 2
    eyes_px = np.linalg.norm(face.landmarks[0] - face.landmarks[1])
    assert np.abs(halved - face.landmarks).max() <= 0.2 * eyes_px


def test_a_large_photograph_has_its_points_in_its_own_pixels(detector: Detector) -> None:
    # Given 12 megapixels with a face of a fifth of the width.
    image = resize(portrait("grace_hopper"), 3000, 3516)
    (face,) = detector.detect(image)
    (small,) = detector.detect(portrait("grace_hopper"))
    # Then points are those of the small photograph, in the pixels of the large one.
    ratio = 3000 / portrait("grace_hopper").shape[1]
    eyes_px = np.linalg.norm(face.landmarks[0] - face.landmarks[1])
    assert np.abs(face.landmarks / ratio - small.landmarks).max() * ratio <= 0.2 * eyes_px


def test_a_face_that_fills_the_picture_is_found(detector: Detector, image: Image) -> None:
    (face,) = detector.detect(image)
    box = face.box
    close_up = image[int(box.y0) : int(box.y1), int(box.x0) : int(box.x1)]
    assert len(detector.detect(np.ascontiguousarray(close_up))) == 1


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 500, 3), (500, 1, 3), (11, 11, 3), (37, 1999, 3)])
@pytest.mark.parametrize("value", [0, 255])
def test_an_empty_picture_has_no_face(
    detector: Detector, shape: tuple[int, int, int], value: int
) -> None:
    assert detector.detect(np.full(shape, value, np.uint8)) == []


def test_noise_ends_in_a_list(detector: Detector) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)
    assert isinstance(detector.detect(noise), list)


def test_takes_a_read_only_view_and_leaves_it_alone(detector: Detector, image: Image) -> None:
    padded = np.pad(image, ((0, 0), (3, 5), (0, 0)))
    view = padded[:, 3:-5]
    view.setflags(write=False)
    before = view.copy()
    assert_same_face(detector.detect(view)[0], detector.detect(image)[0])
    np.testing.assert_array_equal(view, before)


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((10, 10), np.uint8),
        np.zeros((10, 10, 4), np.uint8),
        np.zeros((10, 10, 3), np.float32),
        np.zeros((0, 10, 3), np.uint8),
    ],
)
def test_refuses_what_is_no_image(detector: Detector, wrong: np.ndarray) -> None:
    with pytest.raises(ArrayInvalid, match="an image is uint8"):
        detector.detect(wrong)


def test_threads_get_what_one_caller_gets(detector: Detector) -> None:
    # Given pictures of different sizes, which a detector with state would confuse.
    images = [resize(portrait("astronaut"), side, side) for side in (512, 300, 411, 256)] * 3
    alone = [detector.detect(image) for image in images]
    # When four threads ask at once.
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(detector.detect, images))
    # Then the answers are the same.
    for found, wanted in zip(together, alone, strict=True):
        assert len(found) == len(wanted) == 1
        np.testing.assert_allclose(found[0].landmarks, wanted[0].landmarks, atol=0.01)


def test_the_same_picture_gives_the_same_faces(detector: Detector, image: Image) -> None:
    first, second = detector.detect(image), detector.detect(image)
    assert [face.box for face in first] == [face.box for face in second]
