"""What the Keras engine needs of each of Keras' backends: a device, and one compiled function.

A function takes `uint8[B, 112, 112, 3]` as NumPy array and normalises on the device, so that a
quarter of the bytes travel to it. On a GPU XLA or Inductor compiles one program for each size of
batch; who calls pads to few sizes.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import EngineUnavailable

_JAX_GPUS = ("gpu", "cuda", "rocm")

Compiled = Callable[[NDArray[np.uint8]], Any]
Normalise = Callable[[Any], Any]
"""Raw values to the network's input, by a backend's own arithmetic."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """One of Keras' backends, on a device.

    Attributes:
        name: "tensorflow", "jax" or "torch".
        device: "cpu" or "gpu".
        reason: why that device.
    """

    name: str
    device: str
    reason: str


def pick_runtime(name: str, device: str) -> Runtime:
    """The device of a backend, checked.

    Args:
        name: Keras' active backend.
        device: "auto", "cpu" or "gpu".

    Raises:
        EngineUnavailable: the backend is none of these; it sees no GPU and one is asked for; or
            it is to stay on the CPU and would run on a GPU all the same.
    """
    if name not in _HAS_GPU:
        raise EngineUnavailable(
            f"engine keras runs on {', '.join(_HAS_GPU)}, but KERAS_BACKEND names {name}"
        )
    has_gpu = _HAS_GPU[name]()
    if device == "gpu" and not has_gpu:
        raise EngineUnavailable(
            f"Keras on {name} sees no GPU here; install its CUDA build, or use device cpu"
        )
    if device == "cpu" and has_gpu and name != "torch":
        raise EngineUnavailable(
            f"Keras on {name} puts its weights on the GPU that it sees; hide it "
            "(CUDA_VISIBLE_DEVICES='') to stay on the CPU, or use device gpu"
        )
    if device == "auto":
        picked = "gpu" if has_gpu else "cpu"
        return Runtime(name, picked, f"auto: {name} sees {'a' if has_gpu else 'no'} GPU")
    return Runtime(name, device, "asked for")


def compiled(runtime: Runtime, model: Any, normalise: Normalise, dtype: str) -> Compiled:
    """The network as one function, normalisation included, on the runtime's device.

    Args:
        runtime: see `pick_runtime`.
        model: a keras.Model with its weights.
        normalise: float values in [0, 255] to the network's input.
        dtype: what the layers compute in: "float32", "bfloat16" or "float16".
    """
    return _COMPILERS[runtime.name](runtime, model, normalise, dtype)


def check_placed(runtime: Runtime, model: Any, forward: Compiled) -> None:
    """Makes sure that the weights, and the answer to one face, lie where they were to.

    A backend that cannot use a device it sees falls back to the CPU with a warning or without.

    Args:
        runtime: see `pick_runtime`.
        model: the network that `forward` computes.
        forward: what `compiled` made.

    Raises:
        EngineUnavailable: some lie elsewhere; the message says where.
    """
    place_of = _PLACES[runtime.name]
    places = {place_of(variable.value) for variable in model.weights}
    # PyTorch's answer comes as array, and it refuses to mix devices. On a CPU nothing else is seen.
    if places == {"gpu"} and runtime.name != "torch":
        places.add(place_of(forward(np.zeros((1, *model.input_shape[1:]), np.uint8))))
    if places != {runtime.device}:
        raise EngineUnavailable(
            f"Keras on {runtime.name} was to run on the {runtime.device.upper()}, but runs on "
            f"{', '.join(sorted(places)).upper()}; see its warnings, or use device cpu"
        )


def _tensorflow_place(tensor: Any) -> str:
    # "/job:localhost/replica:0/task:0/device:CPU:0"
    return str(tensor.device).rpartition("device:")[2].partition(":")[0].lower()


def _jax_place(array: Any) -> str:
    (platform,) = {device.platform for device in array.devices()}
    return "gpu" if platform in _JAX_GPUS else str(platform)


def _torch_place(tensor: Any) -> str:
    return "gpu" if tensor.device.type == "cuda" else str(tensor.device.type)


def _tensorflow_has_gpu() -> bool:
    import tensorflow as tf  # noqa: PLC0415 (only this backend has it)

    found = tf.config.list_physical_devices("GPU")
    for gpu in found:
        try:
            # Else TensorFlow takes all of the card's memory at its first step.
            tf.config.experimental.set_memory_growth(gpu, True)
        except RuntimeError as error:
            if not tf.config.experimental.get_memory_growth(gpu):
                raise EngineUnavailable(f"TensorFlow has taken {gpu.name} already") from error
    return bool(found)


def _jax_has_gpu() -> bool:
    # Read when JAX first looks for a device; else it takes three quarters of the card's memory.
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    import jax  # noqa: PLC0415 (only this backend has it)

    return any(device.platform in _JAX_GPUS for device in jax.devices())


def _torch_has_gpu() -> bool:
    import torch  # noqa: PLC0415 (only this backend has it)

    return bool(torch.cuda.is_available())


def _tensorflow(runtime: Runtime, model: Any, normalise: Normalise, dtype: str) -> Compiled:
    import tensorflow as tf  # noqa: PLC0415 (only this backend has it)

    def network(faces: Any) -> Any:
        return tf.cast(model(normalise(tf.cast(faces, tf.float32)), training=False), tf.float32)

    if runtime.device == "gpu":
        return tf.function(network, jit_compile=True)  # type: ignore[no-any-return]
    # XLA was no faster on a CPU, and its programs of a fixed size would be many.
    shape = tf.TensorSpec([None, *model.input_shape[1:]], tf.uint8)
    return tf.function(network, input_signature=[shape])  # type: ignore[no-any-return]


def _jax(runtime: Runtime, model: Any, normalise: Normalise, dtype: str) -> Compiled:
    import jax  # noqa: PLC0415 (only this backend has it)
    import jax.numpy as jnp  # noqa: PLC0415

    # Cast once here, not in every call: layers would cast their float32 weights each time. What
    # a normalisation divides by stays float32, which Keras' layer requires.
    def stored(variable: Any) -> Any:
        return variable.value.astype(dtype) if variable.name == "kernel" else variable.value

    weights = (
        [stored(variable) for variable in model.trainable_variables],
        [stored(variable) for variable in model.non_trainable_variables],
    )

    def network(trainable: Any, others: Any, faces: Any) -> Any:
        normalised = normalise(faces.astype(jnp.float32))
        return model.stateless_call(trainable, others, normalised, training=False)[0].astype(
            jnp.float32
        )

    # The weights are arguments: as constants they would be in each of the programs.
    program = jax.jit(network)
    return lambda faces: program(*weights, faces)


def _torch(runtime: Runtime, model: Any, normalise: Normalise, dtype: str) -> Compiled:
    import torch  # noqa: PLC0415 (only this backend has it)

    place = "cuda" if runtime.device == "gpu" else "cpu"
    model.to(place)

    def network(faces: Any) -> Any:
        return model(normalise(faces.to(torch.float32)), training=False).to(torch.float32)

    # On a CPU the compiler needs a C++ compiler and a minute, and gains little over oneDNN.
    program = torch.compile(network, dynamic=False) if place == "cuda" else network

    def forward(faces: NDArray[np.uint8]) -> Any:
        with torch.inference_mode():
            return program(torch.from_numpy(np.ascontiguousarray(faces)).to(place)).cpu().numpy()

    return forward


_HAS_GPU = {"tensorflow": _tensorflow_has_gpu, "jax": _jax_has_gpu, "torch": _torch_has_gpu}
_PLACES = {"tensorflow": _tensorflow_place, "jax": _jax_place, "torch": _torch_place}
_COMPILERS: dict[str, Callable[[Runtime, Any, Normalise, str], Compiled]] = {
    "tensorflow": _tensorflow,
    "jax": _jax,
    "torch": _torch,
}
