"""A file of somebody else's as a source: its network, how it is fed, and what it answers.

Each source is run by something that shares nothing with our network: ONNX
Runtime, Keras, or for a checkpoint NumPy on its own tensors.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facenet_res.convert.keras_graph import graph_of_keras
from facenet_res.convert.match import match_iresnet
from facenet_res.convert.network import Network, SourceInput
from facenet_res.convert.onnx_graph import graph_of_onnx, load_onnx
from facenet_res.convert.onnx_slopes import repair_slopes
from facenet_res.convert.reference import checkpoint_embeddings
from facenet_res.convert.torch_file import read_state
from facenet_res.convert.torch_iresnet import network_of_state
from facenet_res.core.arrays import unit_norm
from facenet_res.core.errors import ArgumentInvalid, ArtifactInvalid
from facenet_res.core.extras import require
from facenet_res.core.process_environment import turn_telemetry_off
from facenet_res.core.types import Embeddings, Faces

# NumPy takes a second or so for a face of IResNet-100.
CHECKPOINT_FACES = 4
FILE_FACES = 16
# As Keras_insightface reads its images.
KERAS_SCALE = 128.0

Fed = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class FedAs:
    """How the caller says the source wants its pixels; None is the custom of its kind."""

    mean: float | None = None
    scale: float | None = None
    colour_order: str | None = None

    def input(self, mean: float, scale: float) -> SourceInput:
        """With the custom of the source's kind where nothing was said."""
        return SourceInput(
            mean=mean if self.mean is None else self.mean,
            scale=scale if self.scale is None else self.scale,
            colour_order=self.colour_order or "RGB",
        )


@dataclass(frozen=True, slots=True)
class Source:
    """An IResNet out of a file.

    Attributes:
        network: its parts.
        input: how it is fed.
        faces: how many of the fixed faces it is compared on.
        run: float32[B, 112, 112, 3], fed as `input` says -> float32[B, D], unit rows.
    """

    network: Network
    input: SourceInput
    faces: int
    run: Callable[[Fed], Embeddings]

    def embeddings(self, faces: Faces) -> Embeddings:
        """Of uint8[B, 112, 112, 3] RGB, by the source itself."""
        x = faces if self.input.colour_order == "RGB" else faces[..., ::-1]
        return self.run((x.astype(np.float32) - self.input.mean) / np.float32(self.input.scale))


def read_source(path: Path, fed_as: FedAs) -> Source:
    """Reads a checkpoint (.pth, .pt), an ONNX file or a Keras file (.h5, .keras).

    Raises:
        FileMissing: there is no file.
        ArgumentInvalid: its suffix is none of these.
        ArtifactInvalid: it is truncated, contains code or is no IResNet.
        EngineUnavailable: a package that reads or runs it is missing.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise ArgumentInvalid(
            f"{path} is of no kind that can be imported; by its suffix it must be one of "
            f"{sorted(_READERS)}"
        )
    return reader(path, fed_as)


def _torch(path: Path, fed_as: FedAs) -> Source:
    state = read_state(path)
    try:
        network = network_of_state(state)
    except ArtifactInvalid as error:
        raise ArtifactInvalid(f"{path}: {error}") from error
    return Source(
        network,
        fed_as.input(127.5, 127.5),
        CHECKPOINT_FACES,
        lambda fed: checkpoint_embeddings(state, fed.transpose(0, 3, 1, 2)),
    )


def _onnx(path: Path, fed_as: FedAs) -> Source:
    model = load_onnx(path)
    runnable = model.SerializeToString() if repair_slopes(model) else path
    try:
        matched = match_iresnet(graph_of_onnx(model))
    except ArtifactInvalid as error:
        raise ArtifactInvalid(
            f"{path}: {error}. An embedding network of another kind can be served as it is: --as-is"
        ) from error
    mean, scale = (0.0, 1.0) if matched.normalises_input else (127.5, 127.5)
    fed = replace(fed_as.input(mean, scale), gain=matched.gain, offset=matched.offset)
    return Source(
        matched.network, fed, FILE_FACES, lambda batch: _by_onnxruntime(path, runnable, batch)
    )


def _keras(path: Path, fed_as: FedAs) -> Source:
    try:
        matched = match_iresnet(graph_of_keras(path))
    except ArtifactInvalid as error:
        raise ArtifactInvalid(f"{path}: {error}") from error
    mean, scale = (0.0, 1.0) if matched.normalises_input else (127.5, KERAS_SCALE)
    fed = replace(fed_as.input(mean, scale), gain=matched.gain, offset=matched.offset)
    return Source(matched.network, fed, FILE_FACES, lambda batch: _by_keras(path, batch))


def _by_onnxruntime(path: Path, runnable: Path | bytes, fed: Fed) -> Embeddings:
    turn_telemetry_off()
    require("comparing the import with its source", ("onnxruntime",), "onnx")
    runtime: Any = importlib.import_module("onnxruntime")
    options = runtime.SessionOptions()
    options.log_severity_level = 4  # What it would log is raised, and told once, by us.
    try:
        session = runtime.InferenceSession(runnable, options, providers=["CPUExecutionProvider"])
        entry = session.get_inputs()[0]
        # A graph of a fixed batch gets the same face as often as it wants.
        batch = entry.shape[0] if isinstance(entry.shape[0], int) else 1
        vectors = [
            session.run(None, {entry.name: np.repeat(face[None], batch, axis=0)})[0][0]
            for face in np.ascontiguousarray(fed.transpose(0, 3, 1, 2))
        ]
    except Exception as error:  # Its errors have no common base below Exception.
        raise ArtifactInvalid(f"ONNX Runtime cannot run {path}: {error}") from error
    return unit_norm(np.stack(vectors).astype(np.float32))


def _by_keras(path: Path, fed: Fed) -> Embeddings:
    require("comparing the import with its source", ("keras",), "train")
    keras: Any = importlib.import_module("keras")
    try:
        # Only layers that the match knows are in the file, and none of them carries code.
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
        vectors = keras.ops.convert_to_numpy(model(fed, training=False))
    except Exception as error:  # Its errors have no common base below Exception.
        raise ArtifactInvalid(f"Keras cannot run {path}: {error}") from error
    return unit_norm(np.asarray(vectors, np.float32))


_READERS: dict[str, Callable[[Path, FedAs], Source]] = {
    ".pth": _torch,
    ".pt": _torch,
    ".onnx": _onnx,
    ".h5": _keras,
    ".hdf5": _keras,
    ".keras": _keras,
}
