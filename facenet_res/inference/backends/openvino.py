"""OpenVINO on the CPU, the default engine, or on a GPU of Intel's."""

from queue import SimpleQueue
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facenet_res import __version__
from facenet_res.core.artifact import Artifact
from facenet_res.core.errors import EngineUnavailable
from facenet_res.core.openvino_runtime import ov
from facenet_res.core.process_environment import cache_folder
from facenet_res.core.types import Faces
from facenet_res.inference.backends.failure import named_failures
from facenet_res.inference.choice import Choice, openvino_precision
from facenet_res.inference.compiled_cache import CompiledCache
from facenet_res.inference.config import BackendConfig
from facenet_res.inference.openvino_network import network_path, serving_network

DEVICES = {"auto": "CPU", "cpu": "CPU", "gpu": "GPU"}
TYPES = {"f32": ov.Type.f32, "bf16": ov.Type.bf16, "f16": ov.Type.f16}
CAPABILITIES = ov.properties.device.capabilities()


class OpenvinoBackend:
    """A network compiled by OpenVINO, with the normalisation inside the graph."""

    name = "openvino"

    def __init__(self, artifact: Artifact, config: BackendConfig) -> None:
        core = ov.Core()
        self._device = _device(core, config.device)
        computes_in = set(core.get_property(self._device, CAPABILITIES))
        self._choice = openvino_precision(artifact, config.precision, computes_in)
        self._threads = config.threads
        self._path = network_path(artifact, is_int8=self._choice.precision == "int8")
        options = _options(self._choice, config, computes_in)
        self._compiled, self._origin = _compiled(
            core,
            self._device,
            artifact,
            options,
            is_int8=self._choice.precision == "int8",
            is_cached=config.is_cached,
        )
        batch = self._compiled.inputs[0].get_partial_shape()[0]
        self._fixed_batch = 0 if batch.is_dynamic else batch.get_length()
        self.batch_max = self._fixed_batch or config.batch_max
        self.embedding_dim = artifact.manifest.embedding_dim
        self._is_closed = False
        # Two requests, so that one caller's results are copied out while another's are computed.
        self._requests: SimpleQueue[Any] = SimpleQueue()
        for _ in range(2):
            self._requests.put(self._compiled.create_infer_request())

    @property
    def description(self) -> str:
        """Runtime and version, device, precision and why, threads, where it was compiled."""
        version = ov.get_version().split("-")[0]
        threads = f"{self._threads} threads" if self._threads else "all cores"
        return (
            f"OpenVINO {version} on {self._device}, {self._choice.precision} "
            f"({self._choice.reason}), {threads}, {self._origin}"
        )

    def forward(self, faces: Faces) -> NDArray[np.float32]:
        """uint8[B, 112, 112, 3] RGB -> float32[B, D], of any length.

        Raises:
            EngineFailed: OpenVINO could not compute.
        """
        if self._is_closed:
            raise AssertionError("the backend was closed")
        missing = max(0, self._fixed_batch - len(faces))
        batch = np.pad(faces, ((0, missing), (0, 0), (0, 0), (0, 0))) if missing else faces
        request = self._requests.get()
        try:
            with named_failures("OpenVINO", self._path):
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


def _device(core: Any, device: str) -> str:
    """OpenVINO's name of the device, of which the first is taken where there are several."""
    name = DEVICES[device]
    there = core.available_devices
    if not any(one == name or one.startswith(f"{name}.") for one in there):
        raise EngineUnavailable(
            f"OpenVINO sees no device {name} here, only {', '.join(there)}; a GPU has to be "
            "Intel's, with its driver. For NVIDIA use engine onnx or keras"
        )
    return name


def _options(choice: Choice, config: BackendConfig, computes_in: set[str]) -> dict[str, str]:
    # What an int8 network leaves unquantised, the PReLUs, is quicker in bf16 where there is bf16.
    rest = "bf16" if choice.precision == "int8" and "BF16" in computes_in else "f32"
    options = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": TYPES.get(choice.precision, TYPES[rest]).get_type_name(),
    }
    if config.threads:
        options["INFERENCE_NUM_THREADS"] = str(config.threads)
    return options


def _compiled(
    core: Any,
    device: str,
    artifact: Artifact,
    options: dict[str, str],
    *,
    is_int8: bool,
    is_cached: bool,
) -> tuple[Any, str]:
    """The network, and whether it came from the cache, in words.

    Raises:
        EngineUnavailable: OpenVINO could not compile it for the device.
    """
    key = _key(core, device, artifact, options) | {"is_int8": is_int8}
    cache = CompiledCache(cache_folder(), artifact.manifest.model_id, key)
    if is_cached and (blob := cache.read()) is not None:
        try:
            return core.import_model(blob, device, options), "from the cache"
        except RuntimeError:
            # Whole, and of another build of OpenVINO that calls itself by the same version.
            pass
    network = serving_network(core, artifact, is_int8=is_int8)
    try:
        compiled = core.compile_model(network, device, options)
    except RuntimeError as error:
        raise EngineUnavailable(f"OpenVINO cannot compile for {device}: {error}") from error
    if is_cached:
        cache.write(compiled.export_model().getvalue())
    return compiled, "compiled now"


def _key(core: Any, device: str, artifact: Artifact, options: dict[str, str]) -> dict[str, object]:
    """Everything that decides what is compiled, or was checked of it before it was kept."""
    manifest = artifact.manifest
    return {
        "ours": __version__,
        "openvino": ov.get_version(),
        "device": core.get_property(device, ov.properties.device.full_name()),
        "capabilities": sorted(core.get_property(device, CAPABILITIES)),
        "options": options,
        "files": [[file.format, file.sha256] for file in manifest.files],
        "input": [manifest.colour_order, manifest.mean, manifest.scale, manifest.layout],
        "embedding_dim": manifest.embedding_dim,
    }
