"""From a training checkpoint to a model folder that can be served."""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

from facenet_res.core.arrays import unit_norm
from facenet_res.core.artifact import (
    MANIFEST_NAME,
    TRAINING,
    Artifact,
    described_file,
    read_manifest,
    write_artifact,
)
from facenet_res.core.embedder import Embedder
from facenet_res.core.errors import ConfigInvalid, ModelMismatch
from facenet_res.core.manifest import FileFormat, Manifest, Threshold
from facenet_res.core.types import Embeddings
from facenet_res.export.onnx import write_onnx
from facenet_res.export.openvino import write_openvino
from facenet_res.export.parity import PIXEL_MEAN, PIXEL_SCALE, check_parity, parity_faces
from facenet_res.export.tensorflow import (
    SavedModelEmbedder,
    TfliteEmbedder,
    write_saved_model,
    write_tflite,
)
from facenet_res.export.weights import write_weights
from facenet_res.inference.config import BackendConfig, Engine
from facenet_res.inference.embedder import BackendEmbedder
from facenet_res.inference.open import open_backend
from facenet_res.models.build import build_model
from facenet_res.models.checkpoint import load_weights, read_config

ExportFormat = Literal["safetensors", "openvino", "onnx", "saved_model", "tflite"]

ID_DIGITS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportConfig:
    """What is written, and what the manifest says beyond what the weights do.

    Attributes:
        name: short name, and first part of the model id; the second is the hash of the weights.
        version: of the model under this name, for people.
        formats: the files to make, at least one: "safetensors" (half precision), "openvino",
            "onnx", "saved_model" (TensorFlow's), "tflite".
        thresholds: measured on held-out people.
        thresholds_of: id of the model that they were measured on; "" where it is not known.
        mirror: whether the model adds each face's mirror image; it has another id then.
        loss: what the network was trained with.
        training: the run that made it.
        licence: terms of the weights.
        overwrite: whether an artifact that stands there is replaced.

    Raises:
        ConfigInvalid: a format is unknown, missing or named twice.
    """

    name: str
    version: str = ""
    formats: tuple[ExportFormat, ...] = ("safetensors",)
    thresholds: tuple[Threshold, ...] = ()
    thresholds_of: str = ""
    mirror: bool = False
    loss: str = ""
    training: str = ""
    licence: str = ""
    overwrite: bool = False

    def __post_init__(self) -> None:
        known = get_args(ExportFormat)
        is_repeated = len(set(self.formats)) < len(self.formats)
        if not self.formats or is_repeated or not set(self.formats) <= set(known):
            raise ConfigInvalid(f"formats must be some of {known}, once each; got {self.formats}")


def export_artifact(
    weights: Path, out: Path, config: ExportConfig, beside: Mapping[str, Path | None] | None = None
) -> Artifact:
    """Exports a checkpoint, checks each file against Keras, and writes the folder as a whole.

    Args:
        weights: safetensors file of `models.checkpoint.save_weights`.
        out: the folder to make; its parent must exist.
        config: formats and the manifest's texts.
        beside: folders to lie beside the model files, by name; see `write_artifact`. Where it is
            None, a `training` that other weights left in the folder is removed.

    Returns:
        The artifact as read back. Where a check fails, nothing is written.

    Raises:
        FileMissing: the weights or the parent folder do not exist.
        ArtifactInvalid: the weights are damaged, or an export lost parity (cosine below 0.9999).
        ModelMismatch: the weights do not fit their own config, or the thresholds are of others.
        ArgumentInvalid: something stands at `out` and is not to be overwritten.
        EngineUnavailable: a package that the format needs is missing.
        DiskFull: the folder could not be written.
    """
    network = read_config(weights)
    model = build_model(network)
    load_weights(model, weights)
    reference = _embeddings(model)
    with tempfile.TemporaryDirectory(prefix="facenet-export-") as folder:
        staging = Path(folder)
        # Always made: its hash is the identity, and OpenVINO's graph is built from it.
        compact = staging / "model.safetensors"
        write_weights(model, compact, network)
        identity = described_file(compact, "safetensors").sha256[:ID_DIGITS]
        # Embeddings with and without the mirror image are not to be compared.
        identity += "-mirrored" if config.mirror else ""
        # A name may be given anew: what embeds alike has thresholds alike.
        if config.thresholds_of and not config.thresholds_of.endswith(f"-{identity}"):
            raise ModelMismatch(
                f"the thresholds were measured on {config.thresholds_of}, this model is "
                f"{config.name}-{identity}: export it without them, measure, and export again"
            )
        manifest = Manifest(
            model_id=f"{config.name}-{identity}",
            name=config.name,
            version=config.version,
            embedding_dim=network.embedding_dim,
            mean=PIXEL_MEAN,
            scale=PIXEL_SCALE,
            is_mirrored=config.mirror,
            network=network.to_dict(),
            thresholds=config.thresholds,
            loss=config.loss,
            training=config.training,
            licence=config.licence,
        )
        sources: list[tuple[FileFormat, Path]] = []
        for file_format in config.formats:
            files = _WRITERS[file_format](model, compact)
            if file_format in _RUNNERS:
                embedder = _RUNNERS[file_format](files[0][1])
                check_parity(reference, embedder, file_format)
            else:
                _check(files, staging, manifest, file_format, reference)
            sources += files
        if beside is None and not _embeds_so(out, identity):
            # The record of other weights' training would be taken for that of these.
            beside = {TRAINING: None}
        return write_artifact(out, manifest, sources, overwrite=config.overwrite, beside=beside)


def _embeds_so(folder: Path, identity: str) -> bool:
    """Whether a model stands there that embeds as one of this identity."""
    if not (folder / MANIFEST_NAME).is_file():
        return False
    return read_manifest(folder).model_id.endswith(f"-{identity}")


def _embeddings(model: Any) -> Embeddings:
    from keras import ops  # noqa: PLC0415 (loaded with the network only)

    faces = (parity_faces().astype("float32") - PIXEL_MEAN) / PIXEL_SCALE
    return unit_norm(ops.convert_to_numpy(model(ops.convert_to_tensor(faces), training=False)))


def _check(
    files: list[tuple[FileFormat, Path]],
    staging: Path,
    manifest: Manifest,
    file_format: ExportFormat,
    reference: Embeddings,
) -> None:
    described = tuple(described_file(path, kind) for kind, path in files)
    engine: Engine = "onnx" if file_format == "onnx" else "openvino"
    # The file alone is compared, without the mirror image that serving may add.
    plain = replace(manifest, files=described, is_mirrored=False)
    backend = open_backend(Artifact(staging, plain), BackendConfig(engine=engine, precision="f32"))
    with BackendEmbedder(backend, plain) as embedder:
        check_parity(reference, embedder, file_format)


_WRITERS: dict[str, Callable[[Any, Path], list[tuple[FileFormat, Path]]]] = {
    "safetensors": lambda model, compact: [("safetensors", compact)],
    "openvino": lambda model, compact: write_openvino(compact),
    "onnx": lambda model, compact: write_onnx(model, compact.with_name("model.onnx")),
    "saved_model": lambda model, compact: write_saved_model(model, compact.parent / "saved_model"),
    "tflite": lambda model, compact: write_tflite(model, compact.with_name("model.tflite")),
}

# No engine of ours reads these: TensorFlow itself says what they answer.
_RUNNERS: dict[str, Callable[[Path], Embedder]] = {
    "saved_model": SavedModelEmbedder,
    "tflite": TfliteEmbedder,
}
