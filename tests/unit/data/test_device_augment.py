"""On the device the same happens to a face as on the host."""

import cv2
import numpy as np
import pytest
from keras import ops

from facenet_res.core.types import Faces
from facenet_res.data.augment import AugmentConfig
from facenet_res.data.device_augment import DeviceAugment, to_device
from facenet_res.data.device_compile import compiled
from facenet_res.data.device_doses import Doses, draw_doses, noise_plane
from facenet_res.data.separable import filter_table

TABLE = filter_table()
AUGMENT = compiled(DeviceAugment(TABLE, noise_plane(0)))
NOTHING = {name: 0.0 for name in AugmentConfig.__dataclass_fields__ if not name.endswith("_max")}
NOTHING["strength"] = 1.0
SIZE = 4


@pytest.fixture(scope="module")
def faces() -> Faces:
    """Smooth as photographs are: blurred noise, stretched to the whole range."""
    noise = np.random.default_rng(5).uniform(0, 255, (SIZE, 112, 112, 3)).astype(np.float32)
    soft = np.stack([cv2.GaussianBlur(face, (0, 0), 4) for face in noise])
    return ((soft - soft.min()) / (soft.max() - soft.min()) * 255).astype(np.uint8)


def doses(seed: int = 0, mixed: int = 0, **chances: float) -> Doses:
    config = AugmentConfig(**{**NOTHING, **chances})
    return draw_doses(config, SIZE, mixed, TABLE, np.random.default_rng(seed))


def changed(faces: Faces, dose: Doses) -> Faces:
    got = AUGMENT(ops.convert_to_tensor(faces), *to_device(dose))
    return np.asarray(ops.convert_to_numpy(got))


def apart(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one.astype(float) - other.astype(float)).mean())


def test_nothing_asked_for_changes_nothing(faces: Faces) -> None:
    np.testing.assert_array_equal(changed(faces, doses()), faces)


def test_a_flip_mirrors(faces: Faces) -> None:
    np.testing.assert_array_equal(changed(faces, doses(flip=1.0)), faces[:, :, ::-1])


def test_geometry_is_opencv_s_warp(faces: Faces) -> None:
    dose = doses(geometry=1.0)

    got = changed(faces, dose)

    for face, moved, row in zip(faces, got, dose.transform, strict=True):
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        expected = cv2.warpAffine(face, row.reshape(2, 3), (112, 112), flags=flags)
        assert apart(moved, expected) < 0.6
        assert apart(moved, face) > 2.0


def test_grey_has_no_colour(faces: Faces) -> None:
    got = changed(faces, doses(grey=1.0))

    np.testing.assert_array_equal(got[..., 0], got[..., 2])


def test_a_covered_face_is_itself_outside_the_box(faces: Faces) -> None:
    dose = doses(occlusion=1.0)

    got = changed(faces, dose)

    for face, covered, box, colour in zip(faces, got, dose.box, dose.box_colour, strict=True):
        expected = face.copy()
        expected[box[1] : box[3], box[0] : box[2]] = colour
        np.testing.assert_array_equal(covered, expected)


def test_jpeg_is_near_to_what_libjpeg_makes(faces: Faces) -> None:
    dose = doses(jpeg=1.0)
    # The steps of quality 20: 50 / 20.
    dose.jpeg[:] = 2.5

    got = changed(faces, dose)

    whole_colours = (cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444)
    for face, decoded in zip(faces, got, strict=True):
        options = [cv2.IMWRITE_JPEG_QUALITY, 20, *whole_colours]
        _, data = cv2.imencode(".jpg", face[..., ::-1], options)
        expected = cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1]
        assert apart(decoded, expected) < 0.3 * apart(face, expected)


def test_noise_has_the_deviation_that_was_drawn(faces: Faces) -> None:
    dose = doses(noise=1.0)
    grey = np.full_like(faces, 128)

    got = changed(grey, dose).astype(float)

    np.testing.assert_allclose(got.std(axis=(1, 2, 3)), dose.noise, rtol=0.05)


def test_mixed_faces_hold_their_neighbour(faces: Faces) -> None:
    dose = doses(mixed=2)

    got = changed(faces, dose)

    share = dose.mix[:2].reshape(-1, 1, 1, 1)
    neighbours = np.roll(faces, 1, axis=0)[:2]
    np.testing.assert_allclose(got[:2], share * faces[:2] + (1 - share) * neighbours, atol=0.51)
    np.testing.assert_array_equal(got[2:], faces[2:])


@pytest.mark.parametrize("name", ["colour", "blur", "low_resolution"])
def test_each_change_changes_every_face(faces: Faces, name: str) -> None:
    noisy = np.random.default_rng(1).integers(0, 256, faces.shape, np.uint8)

    got = changed(noisy, doses(**{name: 1.0}))

    assert all(apart(one, other) > 1.0 for one, other in zip(got, noisy, strict=True))


def test_a_seed_repeats_and_another_differs() -> None:
    one, again, other = (doses(seed, flip=0.5, colour=0.8, blur=0.5) for seed in (1, 1, 2))

    for name in Doses.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(one, name), getattr(again, name))
    assert not np.array_equal(one.tone, other.tone)


def test_strength_scales_every_chance_but_the_flip_s_and_every_amount() -> None:
    def drawn(strength: float) -> Doses:
        config = AugmentConfig(strength=strength, flip=0.5, geometry=0.5, jpeg=0.5, noise=0.5)
        return draw_doses(config, 400, 0, TABLE, np.random.default_rng(1))

    none, half, full, double = (drawn(strength) for strength in (0.0, 0.5, 1.0, 2.0))

    moved = np.eye(3)[:2].ravel()
    mirrored = np.array([-1, 0, 111, 0, 1, 0])
    rows = none.transform
    assert (np.isclose(rows, moved).all(1) | np.isclose(rows, mirrored).all(1)).all()
    assert 150 < np.isclose(rows, mirrored).all(1).sum() < 250
    for still in (none.filters, none.noise, none.jpeg, none.box):
        assert not still.any()
    for weak, strong in ((half, full), (full, double)):
        assert (weak.noise > 0).sum() < (strong.noise > 0).sum()
        assert weak.noise.max() < strong.noise.max()
        assert weak.jpeg.max() < strong.jpeg.max()
        assert np.ptp(weak.tone[:, 1]) < np.ptp(strong.tone[:, 1])
