"""From a model folder to a network in OpenVINO's form that takes uint8 faces."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open

from facenet_res.core.artifact import Artifact
from facenet_res.core.errors import ArtifactInvalid
from facenet_res.core.manifest import FileFormat, Manifest
from facenet_res.core.openvino_runtime import ops, ov
from facenet_res.core.types import FACE_SIDE_PX
from facenet_res.inference.backends.input_type import check_normalisation
from facenet_res.inference.dlib_graph import dlib_graph
from facenet_res.inference.iresnet_graph import iresnet_graph

INPUT_TYPES = (ov.Type.f32, ov.Type.f16, ov.Type.u8)


def serving_network(core: Any, artifact: Artifact, *, is_int8: bool = False) -> Any:
    """The network with uint8[B, 112, 112, 3] RGB as input, normalised as the manifest says.

    It reads the `openvino` file first, then `safetensors`, then `onnx`; with `is_int8` the
    `openvino_int8` file.

    Raises:
        ArtifactInvalid: a file is corrupt, or is no network of the shape that the manifest says.
    """
    network = read_network(core, artifact, is_int8=is_int8)
    return _with_uint8_input(network, artifact.manifest)


def read_network(core: Any, artifact: Artifact, *, is_int8: bool = False) -> Any:
    """The network as it was exported: normalised faces in, its batch left open where it can be.

    Raises:
        ArtifactInvalid: see `serving_network`.
    """
    path = network_path(artifact, is_int8=is_int8)
    if path.suffix == ".safetensors":
        network = graph_of_weights(path, artifact.manifest.input_side_px)
    else:
        network = _read(core, path)
    _open_batch(network, path, artifact.manifest)
    return network


def network_path(artifact: Artifact, *, is_int8: bool = False) -> Path:
    """The file that OpenVINO reads the network from."""
    if is_int8:
        return artifact.path_of("openvino_int8")
    formats: tuple[FileFormat, ...] = ("openvino", "safetensors", "onnx")
    found = next((name for name in formats if artifact.manifest.file_of(name)), formats[-1])
    return artifact.path_of(found)


def graph_of_weights(path: Path, side_px: int) -> Any:
    """The network of a safetensors file, with normalised faces as input.

    Raises:
        ArtifactInvalid: the file is corrupt, or its weights fit no network.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            config = json.loads((file.metadata() or {}).get("config", "{}"))
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except (SafetensorError, json.JSONDecodeError) as error:
        raise ArtifactInvalid(f"{path} is corrupt: {error}") from error
    try:
        if config.get("family") == "dlib_resnet":
            return dlib_graph(tensors, side_px)
        return iresnet_graph(tensors, config, side_px)
    except ArtifactInvalid as error:
        raise ArtifactInvalid(f"{path}: {error}") from error


def _read(core: Any, path: Path) -> Any:
    try:
        return core.read_model(path)
    except RuntimeError as error:
        raise ArtifactInvalid(f"OpenVINO cannot read {path}: {error}") from error


def _open_batch(network: Any, path: Path, manifest: Manifest) -> None:
    """Checks the network's input and leaves its batch open, or fixed where it must be.

    Raises:
        ArtifactInvalid: input or output is not what the manifest says.
    """
    side, dim = FACE_SIDE_PX, manifest.embedding_dim
    wanted = [-1, side, side, 3] if manifest.layout == "NHWC" else [-1, 3, side, side]
    inputs = [parameter.get_partial_shape() for parameter in network.get_parameters()]
    if len(inputs) != 1 or not inputs[0].compatible(ov.PartialShape(wanted)):
        raise ArtifactInvalid(
            f"{path}: the network must take one input of shape {wanted} "
            f"({manifest.layout}), got {[str(shape) for shape in inputs]}"
        )
    kind = network.get_parameters()[0].get_element_type()
    if kind not in INPUT_TYPES:
        names = [one.get_type_name() for one in INPUT_TYPES]
        raise ArtifactInvalid(
            f"{path}: the network takes {kind.get_type_name()}, supported are {', '.join(names)}"
        )
    check_normalisation(path, manifest, is_uint8=kind == ov.Type.u8)
    # Some exporters write the batch into the middle of the graph, where it cannot be opened.
    fixed: list[int] = [] if inputs[0][0].is_dynamic else [inputs[0][0].get_length()]
    for batch in [-1, *fixed]:
        try:
            network.reshape(ov.PartialShape([batch, *wanted[1:]]))
        except RuntimeError as error:
            raise ArtifactInvalid(f"OpenVINO cannot use {path}: {error}") from error
        output = network.get_results()[0].get_output_partial_shape(0)
        if output == ov.PartialShape([batch, dim]):
            return
    raise ArtifactInvalid(f"{path}: the network returns {output}, the manifest says [?,{dim}]")


def _with_uint8_input(network: Any, manifest: Manifest) -> Any:
    """The network with uint8[B, 112, 112, 3] RGB as input; the rest follows the manifest."""
    side = FACE_SIDE_PX
    batch = network.get_parameters()[0].get_partial_shape()[0]
    faces = ops.parameter(ov.PartialShape([batch, side, side, 3]), np.uint8, name="faces_uint8")
    x = ops.convert(faces, np.float32)
    if manifest.colour_order == "BGR":
        x = ops.gather(x, ops.constant(np.array([2, 1, 0])), ops.constant(np.array(3)))
    x = ops.multiply(
        ops.subtract(x, ops.constant(np.float32(manifest.mean))),
        ops.constant(np.float32(1.0 / manifest.scale)),
    )
    if manifest.layout == "NCHW":
        x = ops.transpose(x, ops.constant(np.array([0, 3, 1, 2])))
    kind = network.get_parameters()[0].get_element_type()
    if kind != ov.Type.f32:
        x = ops.convert(x, kind)
    for target in network.get_parameters()[0].output(0).get_target_inputs():
        target.replace_source_output(x.output(0))
    return ov.Model([network.get_results()[0]], [faces], network.get_friendly_name())
