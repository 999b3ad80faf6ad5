"""OpenVINO on the CPU: the default engine."""

import json
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino import opset13 as ops
from openvino import properties
from safetensors import SafetensorError, safe_open

from facenet_res.core.artifact import Artifact
from facenet_res.core.errors import ArtifactInvalid, EngineUnavailable
from facenet_res.core.manifest import Manifest
from facenet_res.core.types import FACE_SIDE_PX, Faces
from facenet_res.inference.config import BackendConfig
from facenet_res.inference.iresnet_graph import iresnet_graph

DEVICE = "CPU"


class OpenvinoBackend:
    """A network compiled by OpenVINO, with the normalisation inside the graph.

    It reads `openvino` files first, then `safetensors`, then `onnx`.
    """

    name = "openvino"

    def __init__(self, artifact: Artifact, config: BackendConfig) -> None:
        core = ov.Core()
        self._precision = _precision(core, artifact, config)
        self._threads = config.threads
        network = _network(core, artifact)
        self._fixed_batch = _batch_of(network, artifact)
        self.batch_max = self._fixed_batch or config.batch_max
        self.batch_sizes = (
            (self.batch_max,) if self._fixed_batch else tuple(range(1, self.batch_max + 1))
        )
        self.embedding_dim = artifact.manifest.embedding_dim
        model = _with_uint8_input(network, artifact.manifest)
        options: dict[str, Any] = {
            properties.hint.performance_mode(): properties.hint.PerformanceMode.LATENCY,
            properties.hint.inference_precision(): self._precision,
        }
        if config.threads:
            options[properties.inference_num_threads()] = config.threads
        self._compiled = core.compile_model(model, DEVICE, options)
        self._is_closed = False
        # Two requests, so that one caller's results are copied out while another's are computed.
        self._requests: SimpleQueue[Any] = SimpleQueue()
        for _ in range(2):
            self._requests.put(self._compiled.create_infer_request())

    @property
    def description(self) -> str:
        """Runtime and version, device, precision, threads."""
        version = ov.get_version().split("-")[0]
        threads = f"{self._threads} threads" if self._threads else "all cores"
        return f"OpenVINO {version} on {DEVICE}, {self._precision.get_type_name()}, {threads}"

    def forward(self, faces: Faces) -> NDArray[np.float32]:
        """uint8[B, 112, 112, 3] RGB -> float32[B, D], of any length."""
        if self._is_closed:
            raise AssertionError("the backend was closed")
        missing = max(0, self._fixed_batch - len(faces))
        batch = np.pad(faces, ((0, missing), (0, 0), (0, 0), (0, 0))) if missing else faces
        request = self._requests.get()
        try:
            outputs = request.infer([np.ascontiguousarray(batch)])
            # The request's memory is written again by its next user.
            vectors: NDArray[np.float32] = np.array(outputs[0][: len(faces)], dtype=np.float32)
        finally:
            self._requests.put(request)
        return vectors

    def close(self) -> None:
        """Gives the requests back, and with the last of them the compiled network."""
        self._is_closed = True
        self._requests = SimpleQueue()


def graph_of_weights(path: Path, side_px: int) -> Any:
    """The network of a safetensors file, with normalised faces as input.

    Raises:
        ArtifactInvalid: the file is damaged, or its weights fit no network.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            config = json.loads((file.metadata() or {}).get("config", "{}"))
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except (SafetensorError, json.JSONDecodeError) as error:
        raise ArtifactInvalid(f"{path} is damaged: {error}") from error
    try:
        return iresnet_graph(tensors, config, side_px)
    except ArtifactInvalid as error:
        raise ArtifactInvalid(f"{path}: {error}") from error


def _precision(core: Any, artifact: Artifact, config: BackendConfig) -> Any:
    has_bf16 = "BF16" in core.get_property(DEVICE, "OPTIMIZATION_CAPABILITIES")
    if config.precision == "bf16" and not has_bf16:
        raise EngineUnavailable("this CPU does not compute in bf16; ask for precision f32")
    # What bf16 costs was measured for IResNet; another's network may bear it less well.
    is_ours = bool(artifact.manifest.network)
    is_bf16 = config.precision == "bf16" or (config.precision == "auto" and has_bf16 and is_ours)
    return ov.Type.bf16 if is_bf16 else ov.Type.f32


def _network(core: Any, artifact: Artifact) -> Any:
    manifest = artifact.manifest
    if manifest.file_of("openvino"):
        return _read(core, artifact.path_of("openvino"))
    if manifest.file_of("safetensors"):
        return graph_of_weights(artifact.path_of("safetensors"), manifest.input_side_px)
    return _read(core, artifact.path_of("onnx"))


def _read(core: Any, path: Path) -> Any:
    try:
        return core.read_model(path)
    except RuntimeError as error:
        raise ArtifactInvalid(f"OpenVINO cannot read {path}: {error}") from error


def _batch_of(network: Any, artifact: Artifact) -> int:
    """Leaves the network's batch open and returns 0, or the batch that it cannot do without.

    Raises:
        ArtifactInvalid: input or output is not what the manifest says.
    """
    manifest = artifact.manifest
    side, dim = FACE_SIDE_PX, manifest.embedding_dim
    wanted = [-1, side, side, 3] if manifest.layout == "NHWC" else [-1, 3, side, side]
    inputs = [parameter.get_partial_shape() for parameter in network.get_parameters()]
    if len(inputs) != 1 or not inputs[0].compatible(ov.PartialShape(wanted)):
        raise ArtifactInvalid(
            f"{artifact.folder}: the network must take one input of shape {wanted} "
            f"({manifest.layout}), got {[str(shape) for shape in inputs]}"
        )
    # Some exporters write the batch into the middle of the graph, where it cannot be opened.
    fixed: list[int] = [] if inputs[0][0].is_dynamic else [inputs[0][0].get_length()]
    for batch in [-1, *fixed]:
        network.reshape(ov.PartialShape([batch, *wanted[1:]]))
        output = network.get_results()[0].get_output_partial_shape(0)
        if output == ov.PartialShape([batch, dim]):
            return max(batch, 0)
    raise ArtifactInvalid(
        f"{artifact.folder}: the network returns {output}, the manifest says [?,{dim}]"
    )


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
    for target in network.get_parameters()[0].output(0).get_target_inputs():
        target.replace_source_output(x.output(0))
    return ov.Model([network.get_results()[0]], [faces], network.get_friendly_name())
