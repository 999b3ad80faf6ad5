"""TensorFlow's SavedModel and TFLite, and what they answer."""

import shutil
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.arrays import unit_norm
from facenet_res.core.errors import ArtifactInvalid, EngineUnavailable
from facenet_res.core.manifest import FileFormat
from facenet_res.core.types import Embeddings, Faces
from facenet_res.export.parity import PIXEL_MEAN, PIXEL_SCALE

MODEL_ID = "exported"


def write_saved_model(model: Any, folder: Path) -> list[tuple[FileFormat, Path]]:
    """Writes a Keras network, on the TensorFlow backend, with the batch left open.

    Its signature `serve` takes normalised faces, float32[B, 112, 112, 3].

    Returns:
        Format and path of the folder.

    Raises:
        EngineUnavailable: Keras runs on another backend.
    """
    _tensorflow("SavedModel")
    with tempfile.TemporaryDirectory(prefix="facenet-saved-model-") as staging:
        exported = Path(staging) / folder.name
        model.export(str(exported), format="tf_saved_model", verbose=False)
        # It holds a random number, and with it two exports of one network would differ.
        (exported / "fingerprint.pb").unlink(missing_ok=True)
        shutil.copytree(exported, folder)
    return [("saved_model", folder)]


def write_tflite(model: Any, path: Path) -> list[tuple[FileFormat, Path]]:
    """Writes a Keras network, on the TensorFlow backend, in float32.

    It takes one normalised face, float32[1, 112, 112, 3]; `resize_tensor_input` opens the batch.

    Returns:
        Format and path of the file.

    Raises:
        EngineUnavailable: Keras runs on another backend.
        ArtifactInvalid: TensorFlow could not convert it.
    """
    tf = _tensorflow("TFLite")
    with tempfile.TemporaryDirectory(prefix="facenet-tflite-") as staging:
        ((_, saved),) = write_saved_model(model, Path(staging) / "saved_model")
        try:
            path.write_bytes(tf.lite.TFLiteConverter.from_saved_model(str(saved)).convert())
        except Exception as error:  # Its errors have no common base below Exception.
            raise ArtifactInvalid(f"TensorFlow cannot convert it to TFLite: {error}") from error
    return [("tflite", path)]


class SavedModelEmbedder:
    """A SavedModel as TensorFlow runs it; for the check only, nothing is compiled."""

    def __init__(self, folder: Path) -> None:
        self._loaded = _tensorflow("SavedModel").saved_model.load(str(folder))

    @property
    def model_id(self) -> str:
        """No model of its own: the export of one."""
        return MODEL_ID

    @property
    def embedding_dim(self) -> int:
        """Length of an embedding."""
        (output,) = self._loaded.signatures["serve"].structured_outputs.values()
        return int(output.shape[1])

    def embed(self, faces: Faces) -> Embeddings:
        """uint8[B, 112, 112, 3] RGB -> float32[B, D], rows of unit length."""
        return unit_norm(np.asarray(self._loaded.serve(_normalised(faces)), np.float32))


class TfliteEmbedder:
    """A TFLite file as its interpreter runs it, a face at a time; for the check only."""

    def __init__(self, path: Path) -> None:
        tf = _tensorflow("TFLite")
        with warnings.catch_warnings():
            # It announces its move to another package.
            warnings.simplefilter("ignore")
            self._interpreter = tf.lite.Interpreter(model_path=str(path))
        self._interpreter.allocate_tensors()
        (self._input,) = self._interpreter.get_input_details()
        (self._output,) = self._interpreter.get_output_details()

    @property
    def model_id(self) -> str:
        """No model of its own: the export of one."""
        return MODEL_ID

    @property
    def embedding_dim(self) -> int:
        """Length of an embedding."""
        return int(self._output["shape"][1])

    def embed(self, faces: Faces) -> Embeddings:
        """uint8[B, 112, 112, 3] RGB -> float32[B, D], rows of unit length."""
        return unit_norm(np.concatenate([self._forward(face[None]) for face in faces]))

    def _forward(self, face: Faces) -> NDArray[np.float32]:
        self._interpreter.set_tensor(self._input["index"], _normalised(face))
        self._interpreter.invoke()
        vectors: NDArray[np.float32] = self._interpreter.get_tensor(self._output["index"]).copy()
        return vectors


def _normalised(faces: Faces) -> NDArray[np.float32]:
    return (faces.astype(np.float32) - np.float32(PIXEL_MEAN)) / np.float32(PIXEL_SCALE)


def _tensorflow(what: str) -> Any:
    import keras  # noqa: PLC0415 (loaded with the network only)

    if keras.backend.backend() != "tensorflow":
        raise EngineUnavailable(
            f"export to {what} needs Keras on TensorFlow (KERAS_BACKEND=tensorflow), "
            f"it runs on {keras.backend.backend()}"
        )
    import tensorflow as tf  # noqa: PLC0415 (only this backend has it)

    return tf
