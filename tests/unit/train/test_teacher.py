"""A teacher says the same of a face alone and in company, and is asked once for each picture."""

from pathlib import Path

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from facenet_res.core.errors import ArtifactInvalid, FileMissing
from facenet_res.core.types import Embeddings, Faces
from facenet_res.inference.open import open_embedder
from facenet_res.train.teacher import DeviceTeacher, KeptTeacher, RememberingTeacher, Teacher
from tests.artifacts import smooth_faces, write_random_artifact
from tests.onnx_files import write_onnx_file

FACES = smooth_faces(6, seed=0)


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
def test_a_face_gets_the_same_answer_alone_and_in_company(tmp_path: Path, layout: str) -> None:
    teacher = Teacher(write_onnx_file(tmp_path / "t.onnx", layout=layout))

    together = teacher.embed(FACES)
    alone = np.concatenate([teacher.embed(face[None]) for face in FACES])

    assert together.shape == (6, 8)
    assert (together * alone).sum(axis=1).min() > 0.999
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1.0, atol=1e-5)


def test_answers_around_one_direction_are_told_from_it(tmp_path: Path) -> None:
    path = write_onnx_file(tmp_path / "t.onnx", layout="NHWC")
    teacher = Teacher(path)
    # As of photographs taken in one light.
    faces = smooth_faces(64, seed=1) // 4 + np.uint8(180)
    before = teacher.embed(faces).mean(axis=0)

    teacher.centre(faces)

    after = teacher.embed(faces)
    assert np.linalg.norm(before) > 0.9
    assert np.linalg.norm(after.mean(axis=0)) < 0.3
    np.testing.assert_allclose(np.linalg.norm(after, axis=1), 1.0, atol=1e-5)
    on_device = DeviceTeacher(path, teacher.mean).embed(keras.ops.convert_to_tensor(faces))
    alike = (after * keras.ops.convert_to_numpy(on_device)).sum(axis=1)
    assert alike.min() > 0.99


def test_answers_all_over_the_sphere_stay(tmp_path: Path) -> None:
    teacher = Teacher(write_onnx_file(tmp_path / "t.onnx"))
    faces = np.concatenate([FACES, 255 - FACES])

    teacher.centre(faces)

    assert teacher.mean is None


def test_an_export_fixed_at_one_face_takes_a_batch(shared_data: Path) -> None:
    teacher = Teacher(shared_data / "weights" / "mobilefacenet_ms1m_arcface.onnx")

    together = teacher.embed(FACES)

    assert together.shape == (6, 128)
    for face, row in zip(FACES, together, strict=True):
        assert float(teacher.embed(face[None])[0] @ row) > 0.999


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileMissing, match="nobody"):
        Teacher(tmp_path / "nobody.onnx")


def test_a_text_is_no_teacher(tmp_path: Path) -> None:
    (tmp_path / "t.onnx").write_text("hello")

    with pytest.raises(ArtifactInvalid, match="no readable ONNX"):
        Teacher(tmp_path / "t.onnx")


def test_weights_of_our_networks_teach_as_they_are(tmp_path: Path) -> None:
    folder = write_random_artifact(tmp_path / "model").folder

    teacher = Teacher(folder / "model.safetensors")

    served = open_embedder(folder, precision="f32").embed(FACES)
    assert (teacher.embed(FACES) * served).sum(axis=1).min() > 0.999


class Counting:
    """Answers with the mean colour, and counts the faces it was asked about."""

    def __init__(self) -> None:
        self.asked = 0

    def embed(self, faces: Faces) -> Embeddings:
        self.asked += len(faces)
        means: NDArray[np.float32] = faces.mean(axis=(1, 2)).astype(np.float32)
        return means


def test_a_picture_that_comes_again_is_asked_about_once_and_others_each_time() -> None:
    counting = Counting()
    remembering = RememberingTeacher(counting)
    view_ids = np.array([7, -1, 9, -1, 11, 12])

    first = remembering.embed(FACES, view_ids)
    again = remembering.embed(FACES, view_ids)

    assert counting.asked == 6 + 2
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(first, Counting().embed(FACES))


class CountingDirections(Counting):
    """As `Counting`, of unit length."""

    def embed(self, faces: Faces) -> Embeddings:
        rows = super().embed(faces)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_kept_answers_outlive_the_process_and_a_torn_one_is_asked_for_again(tmp_path: Path) -> None:
    path, numbers = tmp_path / "teacher0.f16", np.array([3, 0, 9, 4, 5, 8])
    first = KeptTeacher(CountingDirections(), path, 10, 3).embed(FACES, numbers)
    counting = CountingDirections()

    again = KeptTeacher(counting, path, 10, 3).embed(FACES, numbers)

    assert counting.asked == 0
    np.testing.assert_array_equal(first, again)
    np.testing.assert_allclose(first, CountingDirections().embed(FACES), atol=1e-3)
    with path.open("r+b") as file:  # Half of crop 9's row is gone.
        file.seek(9 * 6)
        file.write(b"\0\0\0\0")
    np.testing.assert_array_equal(KeptTeacher(counting, path, 10, 3).embed(FACES, numbers), first)
    assert counting.asked == 1


def test_answers_about_another_set_are_not_used(tmp_path: Path) -> None:
    path, numbers = tmp_path / "teacher0.f16", np.arange(6)
    KeptTeacher(CountingDirections(), path, 6, 3).embed(FACES, numbers)
    counting = CountingDirections()

    KeptTeacher(counting, path, 7, 3).embed(FACES, numbers)

    assert counting.asked == 6
