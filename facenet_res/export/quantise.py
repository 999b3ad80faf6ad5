"""An int8 network for OpenVINO, by post-training quantisation, and what it loses.

NNCF watches the layers' values on given faces and picks the ranges that eight bits are to span.
Its result is another file of the same model folder; whoever calls compares it with f32 first.
"""

import contextlib
import io
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from facenet_res.core.arrays import check_faces, cosine
from facenet_res.core.artifact import Artifact, described_file, write_artifact
from facenet_res.core.embedder import Embedder
from facenet_res.core.errors import ArtifactInvalid, ConfigInvalid
from facenet_res.core.extras import require
from facenet_res.core.manifest import FileFormat, Manifest
from facenet_res.core.openvino_runtime import ov
from facenet_res.core.types import Embeddings, Faces
from facenet_res.inference.openvino_network import read_network

CALIBRATION_MIN = 32
CALIBRATION_MAX = 300
# OpenVINO 2026.4 computes int8 in groups of 16 channels; where maps have 8 or 24, the first answers
# of a network differ from the next (by 0.9 in values about 10). Seen on AVX2, refused everywhere.
CHANNELS_MULTIPLE = 16
XML_NAME = "model_int8.xml"
INT8: tuple[FileFormat, ...] = ("openvino_int8", "openvino_int8_weights")


@dataclass(frozen=True, slots=True)
class Loss:
    """How far int8 embeddings lie from f32 ones, on faces that were not calibrated on.

    Attributes:
        faces: how many were compared.
        similarity_mean: mean cosine of a face's two embeddings.
        similarity_least: the least of them.
    """

    faces: int
    similarity_mean: float
    similarity_least: float


def quantised(artifact: Artifact, calibration: Faces, folder: Path) -> Artifact:
    """Writes the int8 network of a model into a folder.

    Args:
        artifact: the model; its f32 network is read as OpenVINO would.
        calibration: uint8[B, 112, 112, 3], B >= 32, of which the first 300 are used: real faces,
            of people who are in no test that the model is judged by.
        folder: gets `model_int8.xml` and `model_int8.bin`.

    Returns:
        The folder as an artifact with these two files only, to open and compare.

    Raises:
        ArrayInvalid: the faces have another shape or type, or there are none.
        ConfigInvalid: there are fewer than 32 faces.
        ArtifactInvalid: the model is damaged, or has convolutions whose channels are no multiple
            of 16.
        EngineUnavailable: NNCF is not installed.
    """
    if len(check_faces(calibration)) < CALIBRATION_MIN:
        raise ConfigInvalid(
            f"int8 needs at least {CALIBRATION_MIN} calibration faces, got {len(calibration)}"
        )
    nncf = _nncf()
    exact = read_network(ov.Core(), artifact)
    _check_channels(exact)
    dataset = nncf.Dataset(_normalised(calibration[:CALIBRATION_MAX], artifact.manifest))
    # Progress bars on stdout would end up in the caller's answer.
    with contextlib.redirect_stdout(io.StringIO()):
        network = nncf.quantize(
            exact,
            dataset,
            preset=nncf.QuantizationPreset.MIXED,
            subset_size=CALIBRATION_MAX,
            # A CPU without VNNI adds products of 8 bits in 16: full-range weights overflow there
            # (mean cosine 0.78 on the default model), halved ones do not, on any CPU.
            advanced_parameters=nncf.AdvancedQuantizationParameters(
                overflow_fix=nncf.OverflowFix.ENABLE
            ),
        )
    path = folder / XML_NAME
    ov.save_model(network, path, compress_to_fp16=False)
    sources = (path, path.with_suffix(".bin"))
    files = tuple(described_file(one, kind) for kind, one in zip(INT8, sources, strict=True))
    return Artifact(folder, replace(artifact.manifest, files=files))


def _check_channels(network: Any) -> None:
    for layer in network.get_ops():
        if layer.get_type_name() != "Convolution":
            continue
        channels = layer.get_output_partial_shape(0)[1].get_length()
        if channels % CHANNELS_MULTIPLE:
            raise ArtifactInvalid(
                f"int8 needs convolutions of a multiple of {CHANNELS_MULTIPLE} channels, "
                f"{layer.get_friendly_name()} has {channels}: OpenVINO's answers would not repeat"
            )


def loss_of(exact: Embeddings, rounded: Embeddings) -> Loss:
    """The cosines between two embeddings of each face, float32[B, D] both."""
    similarities = cosine(exact, rounded)
    return Loss(len(exact), float(similarities.mean()), float(similarities.min()))


def check_loss(loss: Loss, similarity_min: float) -> None:
    """Refuses a network that lost too much.

    Raises:
        ArtifactInvalid: the mean cosine is below the limit, or not a number.
    """
    if not loss.similarity_mean >= similarity_min:
        raise ArtifactInvalid(
            f"int8 is not accepted: the mean cosine to f32 is {loss.similarity_mean:.5f}, least "
            f"is {similarity_min}; nothing was written"
        )


def add_quantised(
    artifact: Artifact, int8: Artifact, out: Path, *, overwrite: bool = False
) -> Artifact:
    """Writes the model with the int8 network among its files; id and thresholds stay.

    Raises:
        ArgumentInvalid, FileMissing, DiskFull, NotWritable: see `write_artifact`.
    """
    kept = [file for file in artifact.manifest.files if file.format not in INT8]
    sources = [(file.format, artifact.folder / file.name) for file in kept]
    sources += [(file.format, int8.folder / file.name) for file in int8.manifest.files]
    return write_artifact(out, artifact.manifest, sources, overwrite=overwrite)


class Beside:
    """Two embedders as one, each embedding the first's and then the second's, to be halved again.

    Photographs are so found and aligned once for both.
    """

    def __init__(self, first: Embedder, second: Embedder) -> None:
        """Takes two embedders of one model."""
        self._pair = (first, second)
        self.model_id = first.model_id
        self.embedding_dim = first.embedding_dim + second.embedding_dim

    def embed(self, faces: Faces) -> Embeddings:
        """See Embedder; the rows' length is the root of 2."""
        return np.concatenate([one.embed(faces) for one in self._pair], axis=1)


def halves(rows: Embeddings) -> tuple[Embeddings, Embeddings]:
    """What `Beside` put together."""
    dim = rows.shape[1] // 2
    return rows[:, :dim], rows[:, dim:]


def _normalised(faces: Faces, manifest: Manifest) -> list[Any]:
    x = faces if manifest.colour_order == "RGB" else faces[..., ::-1]
    if manifest.layout == "NCHW":
        x = x.transpose(0, 3, 1, 2)
    values = (x.astype(np.float32) - np.float32(manifest.mean)) / np.float32(manifest.scale)
    return [np.ascontiguousarray(face[None]) for face in values]


def _nncf() -> Any:
    require("int8", ("nncf",), "int8")
    import nncf  # noqa: PLC0415 (an extra)

    nncf.set_log_level("ERROR")
    return nncf
