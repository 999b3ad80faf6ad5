"""One function, compiled as each Keras backend compiles, for what needs no gradient."""

from collections.abc import Callable
from typing import Any

import keras


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function for arrays of the backend, of shapes that seldom change.

    JAX and TensorFlow trace it once for each set of shapes. PyTorch runs it as it is: its
    compiler takes a minute to start, longer than it saves here.
    """
    if keras.backend.backend() == "jax":
        import jax  # noqa: PLC0415 (only this backend has it)

        return jax.jit(function)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf  # noqa: PLC0415 (only this backend has it)

        return tf.function(function, reduce_retracing=True)  # type: ignore[no-any-return]
    import torch  # noqa: PLC0415 (only this backend has it)

    return torch.no_grad()(function)
