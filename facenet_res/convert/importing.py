"""Imports a foreign file as a model folder, if its embeddings equal the file's."""

import json
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from safetensors.numpy import save

from facenet_res.convert.network import PIXEL_MEAN, PIXEL_SCALE, keras_weights
from facenet_res.convert.onnx_graph import input_shape, load_onnx, output_dim
from facenet_res.convert.onnx_slopes import repair_slopes
from facenet_res.convert.parity import check_source_parity
from facenet_res.convert.sources import FILE_FACES, FedAs, read_source
from facenet_res.core.artifact import Artifact, check_place, described_file, write_artifact
from facenet_res.core.errors import ArgumentInvalid, ArtifactInvalid, EngineFailed, FileMissing
from facenet_res.core.files import file_sha256, write_atomically
from facenet_res.core.manifest import ColourOrder, FileFormat, Layout, Manifest
from facenet_res.core.manifest_toml import render_manifest
from facenet_res.core.types import FACE_SIDE_PX, Embeddings
from facenet_res.export.parity import parity_faces
from facenet_res.inference.config import BackendConfig, Engine
from facenet_res.inference.embedder import BackendEmbedder
from facenet_res.inference.open import open_backend
from facenet_res.models.checkpoint import CONFIG_KEY

ID_DIGITS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportConfig:
    """What the file does not state.

    Attributes:
        name: short name, and first part of the model id; the second is the hash of the weights.
        version: of the model under this name, for people.
        licence: terms of the weights, for the manifest.
        as_is: whether an ONNX file is served as it is, rather than converted to Keras weights.
        mean: subtracted from each pixel value of the source's input; None is the default of its
            kind, and not allowed with `as_is`.
        scale: the difference is divided by it; as `mean`.
        colour_order: "RGB" or "BGR"; None is RGB, and not allowed with `as_is`.
        layout: for `as_is`, "NCHW" or "NHWC"; None where the file's input says it.
        embedding_dim: for `as_is`; None where the file's output says it.
        is_normalised: for `as_is`, whether the output is of unit length.
        loss: training loss, for the manifest.
        training: where it comes from, for the manifest; empty names the file and its hash.
        overwrite: whether a model folder that stands there is replaced.
    """

    name: str
    version: str = ""
    licence: str
    as_is: bool = False
    mean: float | None = None
    scale: float | None = None
    colour_order: ColourOrder | None = None
    layout: Layout | None = None
    embedding_dim: int | None = None
    is_normalised: bool = False
    loss: str = ""
    training: str = ""
    overwrite: bool = False


@dataclass(frozen=True, slots=True)
class Imported:
    """A model folder, and the lowest cosine between it and its source on the fixed faces."""

    artifact: Artifact
    similarity_min: float


def import_model(source: Path, out: Path, config: ImportConfig) -> Imported:
    """Makes a model folder of a checkpoint, an ONNX or a Keras file.

    An IResNet becomes Keras weights in float32, which serve and can be trained further; with
    `as_is` an ONNX network of any kind is kept. Where the cosine to the source falls below 0.99999
    on any of the fixed faces, nothing is written.

    Args:
        source: the file.
        out: the folder to make; its parent must exist.
        config: what the file does not state.

    Raises:
        FileMissing: the file or the parent folder does not exist.
        ArgumentInvalid: the file is of no known kind, a setting is missing, or `out` exists.
        ArtifactInvalid: the file is truncated, contains code or is not a network that we can
            serve, or the import returns other embeddings.
        EngineUnavailable: a package that reads or runs the source is missing.
        DiskFull, NotWritable: the folder could not be written.
    """
    check_import(out, config)
    if not source.is_file():
        raise FileMissing(f"no file at {source}")
    make = _kept if config.as_is else _converted
    with tempfile.TemporaryDirectory(prefix="facenet-import-") as folder:
        staged, lowest = make(source, Path(folder), config)
        files = [(file.format, staged.folder / file.name) for file in staged.manifest.files]
        artifact = write_artifact(out, staged.manifest, files, overwrite=config.overwrite)
    return Imported(artifact, lowest)


def check_import(out: Path, config: ImportConfig) -> None:
    """Says before a long fetch what the import would say after it.

    Raises:
        FileMissing: the parent folder does not exist.
        ArgumentInvalid: something stands at `out` and is not to be replaced, or is no model folder.
    """
    check_place(out, overwrite=config.overwrite)


def _converted(path: Path, folder: Path, config: ImportConfig) -> tuple[Artifact, float]:
    source = read_source(path, FedAs(config.mean, config.scale, config.colour_order))
    try:
        tensors, network = keras_weights(source.network, source.input)
    except ArtifactInvalid as error:
        raise ArtifactInvalid(f"{path}: {error}") from error
    weights = folder / "model.safetensors"
    write_atomically(weights, save(tensors, {CONFIG_KEY: json.dumps(network.to_dict())}))
    manifest = Manifest(
        model_id="",
        embedding_dim=network.embedding_dim,
        mean=PIXEL_MEAN,
        scale=PIXEL_SCALE,
        network=network.to_dict(),
    )
    staged = _staged(weights, "safetensors", manifest, path, config)
    faces = parity_faces()[: source.faces]
    return staged, check_source_parity(
        source.embeddings(faces), _served(staged, "openvino", source.faces), path.name
    )


def _kept(path: Path, folder: Path, config: ImportConfig) -> tuple[Artifact, float]:
    if path.suffix.lower() != ".onnx":
        raise ArgumentInvalid(f"only an ONNX file is served as it is, got {path}")
    model = load_onnx(path)
    manifest = _declared(path, model, config)
    kept = folder / "model.onnx"
    if repair_slopes(model):
        write_atomically(kept, model.SerializeToString())
    else:
        shutil.copyfile(path, kept)
    staged = _staged(kept, "onnx", manifest, path, config)
    try:
        # The source is the file in ONNX Runtime; what serves it, and is held to that, is OpenVINO.
        by_source = _served(staged, "onnx", FILE_FACES)
        served = _served(staged, "openvino", FILE_FACES)
    except (ArtifactInvalid, EngineFailed) as error:
        raise ArtifactInvalid(str(error).replace(str(kept), str(path))) from error
    return staged, check_source_parity(by_source, served, path.name)


def _declared(path: Path, model: Any, config: ImportConfig) -> Manifest:
    """The manifest of a network that is served as it is: what the file says, and what was given."""
    needed = {name: getattr(config, name) for name in ("mean", "scale", "colour_order")}
    missing = [name for name, value in needed.items() if value is None]
    if missing:
        raise ArgumentInvalid(
            f"an ONNX file does not state its normalisation: {', '.join(missing)} must be "
            "given, as flags or in the file of --manifest"
        )
    layout = config.layout or _layout_of(path, input_shape(model))
    dim = config.embedding_dim or output_dim(model)
    if not dim:
        raise ArgumentInvalid(f"{path} leaves the length of its output open: give embedding_dim")
    return Manifest(
        model_id="", embedding_dim=dim, layout=layout, is_normalised=config.is_normalised, **needed
    )


def _layout_of(path: Path, shape: list[int]) -> Layout:
    side = FACE_SIDE_PX
    orders: dict[Layout, list[int]] = {"NCHW": [3, side, side], "NHWC": [side, side, 3]}
    for layout, wanted in orders.items():
        if len(shape) == 4 and shape[1:] == wanted:
            return layout
    if len(shape) == 4 and 0 in shape[1:]:
        raise ArgumentInvalid(f"{path} leaves the axes of its input open, {shape}: give the layout")
    raise ArtifactInvalid(
        f"{path} takes an input of shape {shape} (0 is open); our faces are [B, 3, {side}, {side}] "
        f"or [B, {side}, {side}, 3]"
    )


def _staged(
    file: Path, file_format: FileFormat, manifest: Manifest, origin: Path, config: ImportConfig
) -> Artifact:
    """The model as it will be written, before it is."""
    described = described_file(file, file_format)
    digest = file_sha256(origin)
    complete = replace(
        manifest,
        model_id=f"{config.name}-{described.sha256[:ID_DIGITS]}",
        name=config.name,
        version=config.version,
        files=(described,),
        loss=config.loss,
        training=config.training or f"imported from {origin.name}, SHA-256 {digest}",
        licence=config.licence,
    )
    # Values out of range are told here, before an engine is opened.
    render_manifest(complete)
    return Artifact(file.parent, complete)


def _served(staged: Artifact, engine: Engine, faces: int) -> Embeddings:
    backend = open_backend(staged, BackendConfig(engine=engine, precision="f32"))
    with BackendEmbedder(backend, staged.manifest) as embedder:
        return embedder.embed(parity_faces()[:faces])
