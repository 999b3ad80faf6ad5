"""Keras 3 on whichever of its backends is active; the reference for every other engine."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.artifact import Artifact
from facenet_res.core.errors import ConfigInvalid, EngineUnavailable
from facenet_res.core.types import Faces
from facenet_res.inference.config import BackendConfig

Compiled = Callable[[NDArray[np.float32]], Any]


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
        self._manifest = artifact.manifest
        self.batch_max = config.batch_max
        self.embedding_dim = artifact.manifest.embedding_dim
        keras = _keras()
        self._runtime: str = keras.backend.backend()
        self._version: str = keras.__version__
        model = _loaded(artifact)
        self._forward = _COMPILERS[self._runtime](model)
        self._pads_batches = self._runtime == "jax"
        self.batch_sizes = tuple(
            size
            for size in range(1, self.batch_max + 1)
            if not self._pads_batches or size.bit_count() == 1 or size == self.batch_max
        )

    @property
    def description(self) -> str:
        """Runtime and version, precision."""
        return f"Keras {self._version} on {self._runtime}, f32, compiled"

    def forward(self, faces: Faces) -> NDArray[np.float32]:
        """uint8[B, 112, 112, 3] RGB -> float32[B, D], of any length."""
        x = faces if self._manifest.colour_order == "RGB" else faces[..., ::-1]
        scale = np.float32(1.0 / self._manifest.scale)
        normalised = (x.astype(np.float32) - np.float32(self._manifest.mean)) * scale
        if self._pads_batches:
            # JAX compiles anew for each size: powers of two keep that to a handful.
            missing = (1 << (len(faces) - 1).bit_length()) - len(faces)
            normalised = np.pad(normalised, ((0, missing), (0, 0), (0, 0), (0, 0)))
        return np.asarray(self._forward(normalised), np.float32)[: len(faces)]

    def close(self) -> None:
        """Gives the network back."""
        del self._forward


def _keras() -> Any:
    try:
        import keras  # noqa: PLC0415 (optional: only who asks for this engine has it)
    except ImportError as error:
        raise EngineUnavailable(
            "engine keras needs Keras and TensorFlow: pip install 'facenet-res[train]'"
        ) from error
    return keras


def _loaded(artifact: Artifact) -> Any:
    from facenet_res.models.build import build_model  # noqa: PLC0415 (these load Keras)
    from facenet_res.models.checkpoint import load_weights, read_config  # noqa: PLC0415

    path = artifact.path_of("safetensors")
    model = build_model(read_config(path))
    load_weights(model, path)
    return model


def _tensorflow_function(model: Any) -> Compiled:
    import tensorflow as tf  # noqa: PLC0415 (only this backend has it)

    shape = tf.TensorSpec([None, *model.input_shape[1:]], tf.float32)
    compiled: Compiled = tf.function(
        lambda faces: model(faces, training=False), input_signature=[shape]
    )
    return compiled


def _jax_function(model: Any) -> Compiled:
    import jax  # noqa: PLC0415 (only this backend has it)

    trainable = [variable.value for variable in model.trainable_variables]
    others = [variable.value for variable in model.non_trainable_variables]
    compiled: Compiled = jax.jit(
        lambda faces: model.stateless_call(trainable, others, faces, training=False)[0]
    )
    return compiled


def _torch_function(model: Any) -> Compiled:
    import torch  # noqa: PLC0415 (only this backend has it)

    def forward(faces: NDArray[np.float32]) -> Any:
        with torch.inference_mode():
            return model(torch.from_numpy(faces), training=False).cpu().numpy()

    return forward


_COMPILERS: dict[str, Callable[[Any], Compiled]] = {
    "tensorflow": _tensorflow_function,
    "jax": _jax_function,
    "torch": _torch_function,
}
