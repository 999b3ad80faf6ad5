"""Keras 3 on whichever of its backends is active; the reference for every other engine."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.artifact import Artifact
from facenet_res.core.errors import ConfigInvalid, EngineUnavailable
from facenet_res.core.extras import require
from facenet_res.core.types import Faces
from facenet_res.inference.backends.failure import named_failures
from facenet_res.inference.backends.keras_runtime import check_placed, compiled, pick_runtime
from facenet_res.inference.config import BackendConfig

DTYPES = {"f32": "float32", "bf16": "bfloat16", "f16": "float16"}


class KerasBackend:
    """The network rebuilt from its config, as one compiled function.

    `model.predict` is never used: for a batch of one its own work takes longer
    than the network.
    """

    name = "keras"

    def __init__(self, artifact: Artifact, config: BackendConfig) -> None:
        if config.threads:
            raise ConfigInvalid(
                f"engine keras takes its threads from the runtime; threads must be 0, "
                f"got {config.threads}"
            )
        manifest = artifact.manifest
        self._swaps_channels = manifest.colour_order == "BGR"
        self.batch_max = config.batch_max
        self.embedding_dim = manifest.embedding_dim
        keras = _keras()
        self._version: str = keras.__version__
        self._runtime = pick_runtime(keras.backend.backend(), config.device)
        self._precision, self._reason = _precision(config.precision, self._runtime.device)
        dtype = DTYPES[self._precision]
        mean, scale = manifest.mean, 1.0 / manifest.scale
        self._path = artifact.path_of("safetensors")
        with named_failures("Keras", self._path):
            model = _loaded(keras, self._path, dtype)
            self._forward = compiled(self._runtime, model, lambda x: (x - mean) * scale, dtype)
            check_placed(self._runtime, model, self._forward)
        # Who compiles anew for each size gets powers of two only: a handful of programs.
        self._pads_batches = self._runtime.name == "jax" or self._runtime.device == "gpu"

    @property
    def description(self) -> str:
        """Runtime and version, device, precision, and why these."""
        return (
            f"Keras {self._version} on {self._runtime.name} on {self._runtime.device.upper()} "
            f"({self._runtime.reason}), {self._precision} ({self._reason}), compiled"
        )

    def forward(self, faces: Faces) -> NDArray[np.float32]:
        """uint8[B, 112, 112, 3] RGB -> float32[B, D], of any length.

        Raises:
            EngineFailed: Keras could not compute.
        """
        x = faces[..., ::-1] if self._swaps_channels else faces
        if self._pads_batches:
            missing = (1 << (len(faces) - 1).bit_length()) - len(faces)
            x = np.pad(x, ((0, missing), (0, 0), (0, 0), (0, 0)))
        with named_failures("Keras", self._path):
            vectors = np.asarray(self._forward(np.ascontiguousarray(x)), np.float32)
        return vectors[: len(faces)]

    def close(self) -> None:
        """Gives the network back."""
        del self._forward


def _precision(asked: str, device: str) -> tuple[str, str]:
    if asked == "f16" and device == "cpu":
        raise ConfigInvalid(
            "engine keras computes in f16 on a GPU only, and runs on the CPU here; "
            "use precision f32 or bf16"
        )
    if asked != "auto":
        return asked, "asked for"
    if device == "gpu":
        return "bf16", "auto: on a GPU"
    return "f32", "auto: on the CPU"


def _keras() -> Any:
    require("engine keras", ("keras",), "train")
    try:
        import keras  # noqa: PLC0415 (an extra)
    except ImportError as error:
        raise EngineUnavailable(f"Keras cannot be loaded: {error}") from error
    except ValueError as error:  # "Unable to import backend : ..."
        raise EngineUnavailable(f"Keras cannot be loaded, see KERAS_BACKEND: {error}") from error
    return keras


def _loaded(keras: Any, path: Path, dtype: str) -> Any:
    from facenet_res.models.build import build_model  # noqa: PLC0415 (these load Keras)
    from facenet_res.models.checkpoint import load_weights, read_config  # noqa: PLC0415

    config = read_config(path)
    # Layers take the policy that holds while they are made; the caller's is put back.
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy(dtype if dtype == "float32" else f"mixed_{dtype}")
    try:
        model = build_model(config)
    finally:
        keras.config.set_dtype_policy(policy)
    load_weights(model, path)
    return model
