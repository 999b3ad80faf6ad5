"""The teachers of a run, and where their answers are kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from facenet_res.core.errors import ArtifactInvalid
from facenet_res.core.types import FACE_SIDE_PX, Embeddings, Faces
from facenet_res.data.crops import CropSource
from facenet_res.data.input import Batch, Place
from facenet_res.train.teacher import DeviceTeacher, KeptTeacher, RememberingTeacher, Teacher

# OpenVINO may compute in bfloat16.
ALIKE_MIN = 0.99
ASKED_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Kept:
    """Where answers to the plain crops of a set are kept.

    Attributes:
        folder: of the run.
        crops: how many crops the set has.
    """

    folder: Path
    crops: int


class Teachers:
    """The teachers of a run, each asked about each batch."""

    def __init__(
        self, paths: Sequence[Path], place: Place, faces: Faces, kept: Kept | None = None
    ) -> None:
        """Opens the teachers where the batches are.

        Args:
            paths: ONNX files, or safetensors files of our networks.
            place: of the batches.
            faces: uint8[N, 112, 112, 3] RGB, crops of many people to centre each teacher's answers
                by; may be empty where there is no teacher.
            kept: where batches have plain crops: the place of the answers about them.

        Raises:
            FileMissing: a file is absent.
            ArtifactInvalid: one is no embedding network, or is another one on the device.
        """
        self._teachers = [Teacher(path) for path in paths]
        if place == "device":
            for path, teacher in zip(paths, self._teachers, strict=True):
                _check_alike(path, teacher)
        for teacher in self._teachers:
            teacher.centre(faces)
        self._asked = [self._asker(number, place, kept) for number in range(len(paths))]

    @property
    def dims(self) -> list[int]:
        """Length of each one's embeddings."""
        return [teacher.embedding_dim for teacher in self._teachers]

    @property
    def on_host(self) -> list[Teacher]:
        """All of them, wherever the batches are."""
        return self._teachers

    def embed(self, batch: Batch) -> list[Any]:
        """float32[B, D] of unit length from each."""
        return [
            asked.embed(batch.faces)
            if isinstance(asked, DeviceTeacher)
            else asked.embed(batch.shown, batch.view_ids)
            for asked in self._asked
        ]

    def embed_crops(
        self, which: int, crops: CropSource, numbers: NDArray[np.int64]
    ) -> Embeddings | None:
        """Kept answers of one teacher about plain crops, float32[N, D]; None where none are kept.

        Args:
            which: the teacher's place.
            crops: the training crops.
            numbers: int64[N] of them.
        """
        asked = self._asked[which]
        if not isinstance(asked, KeptTeacher):
            return None
        parts = [
            numbers[start : start + ASKED_AT_ONCE]
            for start in range(0, len(numbers), ASKED_AT_ONCE)
        ]
        return np.concatenate(
            [asked.embed(np.stack([crops[int(n)].decode() for n in part]), part) for part in parts]
        )

    def _asker(
        self, number: int, place: Place, kept: Kept | None
    ) -> KeptTeacher | RememberingTeacher | DeviceTeacher:
        teacher = self._teachers[number]
        if place == "device":
            return DeviceTeacher(teacher.path, teacher.mean)
        if kept is None:
            return RememberingTeacher(teacher)
        path = kept.folder / f"teacher{number}.f16"
        return KeptTeacher(teacher, path, kept.crops, teacher.embedding_dim)


def _check_alike(path: Path, teacher: Teacher) -> None:
    """Raises ArtifactInvalid where the network in `keras.ops` is not that of the file."""
    shape = (2, FACE_SIDE_PX, FACE_SIDE_PX, 3)
    faces = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    answers = DeviceTeacher(path).embed(ops.convert_to_tensor(faces))
    alike = (teacher.embed(faces) * np.asarray(ops.convert_to_numpy(answers))).sum(axis=1).min()
    if not alike > ALIKE_MIN:
        raise ArtifactInvalid(
            f"{path} is computed wrongly on the device, cosine {alike:.3f} to OpenVINO's answer, "
            f"least is {ALIKE_MIN}: set input.place to 'host'"
        )
