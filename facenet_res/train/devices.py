"""Several devices that share each batch, by Keras' distribution on JAX."""

import keras

from facenet_res.core.errors import ConfigInvalid, EngineUnavailable


def sharing_devices() -> int:
    """How many devices share each batch; a batch has to be a multiple of it."""
    distribution = keras.distribution.distribution()
    return 1 if distribution is None else int(distribution.device_mesh.shape[0])


def has_gpu() -> bool:
    """Whether Keras' backend finds a GPU; one that it was not built for is none."""
    match keras.backend.backend():
        case "torch":
            import torch  # noqa: PLC0415 (the backend that was chosen)

            return bool(torch.cuda.is_available())
        case "jax":
            import jax  # noqa: PLC0415

            return str(jax.default_backend()) == "gpu"
        case _:
            import tensorflow as tf  # noqa: PLC0415

            return bool(tf.config.list_physical_devices("GPU"))


def share_batches(devices: int) -> None:
    """From here on each batch is split over so many devices, and the gradients are averaged.

    With one device each batch is whole, whatever was shared before. Has to be called before a
    network is built.

    Raises:
        ConfigInvalid: the backend is not JAX, the only one of Keras 3 that shares batches so.
        EngineUnavailable: fewer devices are there.
    """
    if devices == 1:
        keras.distribution.set_distribution(None)
        return
    if keras.backend.backend() != "jax":
        raise ConfigInvalid(
            f"devices={devices} needs the backend JAX: KERAS_BACKEND is "
            f"{keras.backend.backend()!r}, set it to jax"
        )
    found = keras.distribution.list_devices()
    if len(found) < devices:
        raise EngineUnavailable(f"devices={devices}, but JAX finds {len(found)}: {found}")
    # Every process reads all batches: the batch number decides what is in them.
    keras.distribution.set_distribution(
        keras.distribution.DataParallel(devices=found[:devices], auto_shard_dataset=False)
    )
