"""ONNX Runtime on the CPU, CUDA or TensorRT: for networks of an ONNX file, ours or another's."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.artifact import Artifact
from facenet_res.core.errors import ArtifactInvalid, EngineUnavailable
from facenet_res.core.extras import require
from facenet_res.core.manifest import Manifest
from facenet_res.core.process_environment import cache_folder, turn_telemetry_off
from facenet_res.core.types import FACE_SIDE_PX, Faces
from facenet_res.inference.backends.failure import named_failures, one_line
from facenet_res.inference.backends.input_type import check_normalisation
from facenet_res.inference.config import BackendConfig

PROVIDERS = {
    "auto": "CPUExecutionProvider",
    "cpu": "CPUExecutionProvider",
    "gpu": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
}

INPUT_TYPES: dict[str, type[np.number]] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(uint8)": np.uint8,
}

log = logging.getLogger(__name__)


class OnnxBackend:
    """A session of ONNX Runtime; the normalisation is done by NumPy."""

    name = "onnx"

    def __init__(self, artifact: Artifact, config: BackendConfig) -> None:
        self._manifest = artifact.manifest
        self._threads = config.threads
        self._provider = PROVIDERS[config.device]
        self._precision = "f16" if config.precision == "f16" else "f32"
        self._reason = (
            "auto: the CPU; a GPU is asked for" if config.device == "auto" else "asked for"
        )
        self._runtime = _runtime()
        _check_provider(self._runtime.get_available_providers(), config.device)
        self._path = artifact.path_of("onnx")
        self._session = self._opened()
        # A provider whose libraries are absent is replaced by the CPU without a word.
        _check_provider(self._session.get_providers()[:1], config.device)
        self._input, self._dtype, fixed_batch = _checked_input(
            self._session, self._path, artifact.manifest
        )
        self._fixed_batch = fixed_batch
        self.batch_max = fixed_batch or config.batch_max
        self.embedding_dim = _checked_dim(
            self._session, self._path, artifact.manifest.embedding_dim
        )

    @property
    def description(self) -> str:
        """Runtime and version, device and why, precision, threads."""
        threads = f"{self._threads} threads" if self._threads else "all cores"
        device = self._provider.removesuffix("ExecutionProvider")
        return (
            f"ONNX Runtime {self._runtime.__version__} on {device} ({self._reason}), "
            f"{self._precision}, {threads}"
        )

    def forward(self, faces: Faces) -> NDArray[np.float32]:
        """uint8[B, 112, 112, 3] RGB -> float32[B, D], of any length.

        Raises:
            EngineFailed: ONNX Runtime could not compute.
        """
        x = faces if self._manifest.colour_order == "RGB" else faces[..., ::-1]
        if self._manifest.layout == "NCHW":
            x = x.transpose(0, 3, 1, 2)
        scale = np.float32(1.0 / self._manifest.scale)
        normalised = (x.astype(np.float32) - np.float32(self._manifest.mean)) * scale
        missing = self._fixed_batch - len(faces)
        if missing > 0:  # A graph of a fixed batch takes no fewer faces.
            normalised = np.pad(normalised, ((0, missing), (0, 0), (0, 0), (0, 0)))
        values = np.ascontiguousarray(normalised, dtype=self._dtype)
        with named_failures("ONNX Runtime", self._path):
            outputs = self._session.run(None, {self._input: values})
        vectors: NDArray[np.float32] = outputs[0][: len(faces)].astype(np.float32)
        return vectors

    def close(self) -> None:
        """Gives the session's memory back."""
        del self._session

    def _opened(self) -> Any:
        options = self._runtime.SessionOptions()
        options.intra_op_num_threads = self._threads
        # Fatal only: what it would log is raised as an error and told once, by us.
        options.log_severity_level = 4
        try:
            session = self._runtime.InferenceSession(
                self._path, options, providers=self._providers()
            )
            # Else a provider that fails in a call is dropped for the CPU, then and for good.
            session.disable_fallback()
            return session
        except Exception as error:  # Its errors have no common base below Exception.
            raise ArtifactInvalid(
                f"ONNX Runtime cannot read {self._path}: {one_line(error)}"
            ) from error

    def _providers(self) -> list[tuple[str, dict[str, str]]]:
        cpu: tuple[str, dict[str, str]] = ("CPUExecutionProvider", {})
        if self._provider == cpu[0]:
            return [cpu]
        if self._provider == PROVIDERS["gpu"]:
            # The default doubles its arena whenever it grows.
            return [(self._provider, {"arena_extend_strategy": "kSameAsRequested"}), cpu]
        folder = cache_folder() / "tensorrt"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            log.warning("TensorRT's engine is not kept: %s", error)
        settings = {
            # An engine takes minutes to build; without a folder it is built at each start.
            "trt_engine_cache_enable": str(folder.is_dir()),
            "trt_engine_cache_path": str(folder),
            "trt_fp16_enable": str(self._precision == "f16"),
        }
        return [(self._provider, settings), (PROVIDERS["gpu"], {}), cpu]


def _check_provider(providers: Sequence[str], device: str) -> None:
    if PROVIDERS[device] not in providers:
        raise EngineUnavailable(
            f"ONNX Runtime would not run on device {device}: it offers {', '.join(providers)}; "
            "a GPU needs the package onnxruntime-gpu (in place of onnxruntime) and its CUDA "
            "libraries, or use device cpu"
        )


def _runtime() -> Any:
    turn_telemetry_off()
    require("engine onnx", ("onnxruntime",), "onnx")
    import onnxruntime  # noqa: PLC0415 (an extra)

    return onnxruntime


def _checked_input(
    session: Any, path: Path, manifest: Manifest
) -> tuple[str, type[np.number], int]:
    """The input's name, its type and its batch, 0 where that is left open."""
    sides = [FACE_SIDE_PX, FACE_SIDE_PX]
    wanted = [*sides, 3] if manifest.layout == "NHWC" else [3, *sides]
    inputs = session.get_inputs()
    shape = inputs[0].shape
    fits = len(shape) == 4 and all(
        not isinstance(axis, int) or axis == size
        for axis, size in zip(shape[1:], wanted, strict=True)
    )
    if len(inputs) != 1 or inputs[0].type not in INPUT_TYPES or not fits:
        found = [(entry.name, entry.shape, entry.type) for entry in inputs]
        raise ArtifactInvalid(
            f"{path}: the network must take one input of shape "
            f"[B, {', '.join(map(str, wanted))}] ({manifest.layout}) and of type "
            f"{', '.join(INPUT_TYPES)}; got {found}"
        )
    check_normalisation(path, manifest, is_uint8=inputs[0].type == "tensor(uint8)")
    return inputs[0].name, INPUT_TYPES[inputs[0].type], shape[0] if isinstance(shape[0], int) else 0


def _checked_dim(session: Any, path: Path, dim: int) -> int:
    shape = session.get_outputs()[0].shape
    if len(shape) != 2 or (isinstance(shape[1], int) and shape[1] != dim):
        raise ArtifactInvalid(f"{path}: the network returns {shape}, the manifest says [B, {dim}]")
    return dim
