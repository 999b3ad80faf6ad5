"""A teacher: an ONNX embedding network that says where each crop should land."""

from pathlib import Path
from typing import Any, Protocol

import numpy as np
from keras import ops
from numpy.typing import NDArray

from facenet_res.core.arrays import unit_norm
from facenet_res.core.errors import ArtifactInvalid, FileMissing
from facenet_res.core.files import file_sha256, write_fault
from facenet_res.core.openvino_runtime import ov
from facenet_res.core.types import FACE_SIDE_PX, Embeddings, Faces
from facenet_res.data.crops import CropSource, fingerprint
from facenet_res.data.device_compile import compiled
from facenet_res.inference.openvino_network import graph_of_weights
from facenet_res.losses.centers import unit_rows
from facenet_res.train.onnx_network import OnnxNetwork
from facenet_res.train.validation import embed_crops

CENTRE = 127.5
UNIT_TOLERANCE = 0.01
MEAN_MAX = 0.5
"""Length of a mean answer beyond which it is taken away; of faces all over the sphere it is 0."""


class Teacher:
    """Unit embeddings by a frozen ONNX network: RGB, (value - 127.5) / 127.5, B first."""

    def __init__(self, path: Path, threads: int = 1) -> None:
        """Compiles the network.

        Args:
            path: an ONNX file with one image input, NCHW or NHWC.
            threads: CPU threads; few, since the student needs the others.

        Raises:
            FileMissing: there is no file at `path`.
            ArtifactInvalid: it is no embedding network.
        """
        if not path.is_file():
            raise FileMissing(f"no teacher at {path}")
        self.path = path
        self.mean: Embeddings | None = None
        core = ov.Core()
        try:
            is_ours = path.suffix == ".safetensors"
            model = graph_of_weights(path, FACE_SIDE_PX) if is_ours else core.read_model(path)
        except RuntimeError as error:
            first_line = str(error).splitlines()[0]
            raise ArtifactInvalid(f"{path} is no readable ONNX network: {first_line}") from error
        shape = model.inputs[0].get_partial_shape()
        if len(model.inputs) != 1 or shape.rank.is_dynamic or len(shape) != 4:
            raise ArtifactInvalid(f"{path} needs one input [B, C, H, W], has {shape}")
        self._is_channels_first = shape[1].is_static and shape[1].get_length() == 3
        side = FACE_SIDE_PX
        # Exports are often fixed at one face, or open in every axis; the network does not care.
        sizes = [3, side, side] if self._is_channels_first else [side, side, 3]
        hints = {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "bf16"}
        try:
            model.reshape([-1, *sizes])
            self._compiled = core.compile_model(model, "CPU", hints)
        except RuntimeError as error:
            first_line = str(error).splitlines()[0]
            raise ArtifactInvalid(
                f"{path} takes no faces of {side}x{side} px, its input is {shape}: {first_line}"
            ) from error

    @property
    def embedding_dim(self) -> int:
        """Length of its embeddings."""
        return len(self.embed(np.zeros((1, FACE_SIDE_PX, FACE_SIDE_PX, 3), np.uint8))[0])

    def centre(self, faces: Faces) -> None:
        """Answers that lie around one direction are told from it from here on.

        So answers a network that was trained by distances instead of angles: dlib's have a mean of
        length 0.92, and who always says the mean is at a cosine of 0.92 to every one of them. One
        with a mean of at most `MEAN_MAX` is left as it is.

        Args:
            faces: uint8[N, 112, 112, 3] RGB of many people, the same ones for the whole of a run.
        """
        mean = self.embed(faces).mean(axis=0, keepdims=True)
        if np.linalg.norm(mean) > MEAN_MAX:
            self.mean = mean

    def embed(self, faces: Faces) -> Embeddings:
        """uint8[B, 112, 112, 3] RGB -> float32[B, D], rows of unit length."""
        x = (faces.astype(np.float32) - CENTRE) / CENTRE
        if self._is_channels_first:
            x = np.ascontiguousarray(x.transpose(0, 3, 1, 2))
        # Such exports also end in a reshape to one row, which a batch makes a long one.
        rows = unit_norm(np.asarray(self._compiled(x)[0], np.float32).reshape(len(faces), -1))
        return rows if self.mean is None else unit_norm(rows - self.mean)


class DeviceTeacher:
    """The same network in `keras.ops`, for faces that are on the device already."""

    def __init__(self, path: Path, mean: Embeddings | None = None) -> None:
        """Reads the network; see `OnnxNetwork` for what it may hold.

        Args:
            path: an ONNX file.
            mean: float32[1, D] that is taken from its answers, or None; see `Teacher.centre`.
        """
        self._network = compiled(OnnxNetwork(path))
        self._mean = None if mean is None else ops.convert_to_tensor(mean)

    def embed(self, faces: Any) -> Any:
        """uint8[B, 112, 112, 3] -> float32[B, D] of unit length, both arrays of the backend."""
        rows = unit_rows(self._network((ops.cast(faces, "float32") - CENTRE) / CENTRE))
        return rows if self._mean is None else unit_rows(rows - self._mean)


class SupportsEmbed(Protocol):
    """Whoever embeds a batch of faces."""

    def embed(self, faces: Faces) -> Embeddings:
        """uint8[B, 112, 112, 3] RGB -> float32[B, D]."""
        ...


class Answers:
    """A teacher's answers about whole sets of crops, which the trials of a study ask for again."""

    def __init__(self) -> None:
        """Starts with nothing remembered."""
        self._key = ("", "", b"")
        self._kept: Embeddings | None = None

    def of(self, teacher: Teacher, crops: CropSource) -> Embeddings:
        """float32[N, D] for N crops. The last set is kept: trials of one teacher are neighbours."""
        mean = b"" if teacher.mean is None else teacher.mean.tobytes()
        key = (file_sha256(teacher.path), fingerprint(crops), mean)
        if self._kept is None or key != self._key:
            self._key, self._kept = key, embed_crops(crops, teacher.embed)
        return self._kept


class RememberingTeacher:
    """A teacher that is asked once for each picture that comes again.

    Memory: 4 * D bytes a picture; 43,000 crops in 4 views at D = 128 take 89 MB.
    """

    def __init__(self, teacher: SupportsEmbed) -> None:
        """Starts with nothing remembered."""
        self._teacher = teacher
        self._answers: dict[int, Embeddings] = {}

    def embed(self, faces: Faces, view_ids: NDArray[np.int64]) -> Embeddings:
        """Unit embeddings of a batch.

        Args:
            faces: uint8[B, 112, 112, 3] RGB.
            view_ids: int64[B], one number for each picture that comes again; -1 for others.

        Returns:
            float32[B, D], rows of unit length.
        """
        unknown = [i for i, view in enumerate(view_ids) if int(view) not in self._answers]
        rows: dict[int, Embeddings] = {}
        if unknown:
            for i, row in zip(unknown, self._teacher.embed(faces[unknown]), strict=True):
                rows[i] = row
                if view_ids[i] >= 0:
                    self._answers[int(view_ids[i])] = row
        return np.stack(
            [rows[i] if i in rows else self._answers[int(view)] for i, view in enumerate(view_ids)]
        )


class KeptTeacher:
    """A teacher that is asked once about each crop of a set; its answers are in a file.

    A resumed run reads them. They are float16, 2 * D bytes a crop: 71,000 crops at D = 256 take
    36 MB.
    """

    def __init__(self, teacher: SupportsEmbed, path: Path, crops: int, dim: int) -> None:
        """Opens the file, or makes it; one of another size is replaced.

        Args:
            teacher: who is asked.
            path: the file.
            crops: how many crops the set has.
            dim: length of an embedding.

        Raises:
            DiskFull, NotWritable: the file cannot be made.
        """
        self._teacher = teacher
        try:
            self._answers = _answer_rows(path, (crops, dim))
        except OSError as error:
            raise write_fault(path, error) from error

    def embed(self, faces: Faces, numbers: NDArray[np.int64]) -> Embeddings:
        """Unit embeddings of crops.

        Args:
            faces: uint8[B, 112, 112, 3] RGB.
            numbers: int64[B], the crops' numbers in the set.

        Returns:
            float32[B, D], rows of unit length but for the rounding to float16.
        """
        # A row that was not written is zeros; one torn by a power cut is not of unit length.
        lengths = np.linalg.norm(self._answers[numbers].astype(np.float32), axis=1)
        unknown = np.flatnonzero(~(np.abs(lengths - 1) < UNIT_TOLERANCE))
        if len(unknown):
            self._answers[numbers[unknown]] = self._teacher.embed(faces[unknown])
        return self._answers[numbers].astype(np.float32)


def _answer_rows(path: Path, shape: tuple[int, int]) -> NDArray[np.float16]:
    size_bytes = 2 * shape[0] * shape[1]
    if not path.is_file() or path.stat().st_size != size_bytes:
        with path.open("wb") as file:
            file.truncate(size_bytes)
    return np.memmap(path, np.float16, "r+", shape=shape)
