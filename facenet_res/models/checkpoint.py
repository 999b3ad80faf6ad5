"""Weights of a network next to their ModelConfig, in one safetensors file.

Keys are `layer/variable`, layouts are Keras' own (HWIO). Nothing in the file is
code: it can be read from a stranger without running anything of theirs.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from facenet_res.core.errors import ArtifactInvalid, FileMissing, ModelMismatch
from facenet_res.core.files import write_atomically
from facenet_res.models.classifier_config import ClassifierConfig
from facenet_res.models.config import ModelConfig

CONFIG_KEY = "config"


def save_weights(
    model: Any,
    path: Path,
    config: ModelConfig | ClassifierConfig,
    dtype: type[np.floating[Any]] = np.float32,
) -> None:
    """Writes a model's weights and config, whole or not at all.

    Args:
        model: a keras.Model of `build_model(config)`, or with a backbone of the other kind.
        path: the `.safetensors` file to write; replaced if it is there.
        config: the network's shape, stored in the file's metadata.
        dtype: of kernels: float32, or float16 for half the size. What each channel has one of
            (norms, biases, slopes) stays float32: it is a hundredth of the file, and rounding it
            moved the embeddings of a young network by more than all kernels did.

    Raises:
        DiskFull: nothing could be written; an older file at `path` is untouched.
    """
    tensors = {
        key: np.ascontiguousarray(_numpy(variable).astype(dtype if _is_kernel(key) else np.float32))
        for key, variable in named_variables(model).items()
    }
    write_atomically(path, save(tensors, {CONFIG_KEY: json.dumps(asdict(config))}))


def load_weights(model: Any, path: Path) -> None:
    """Fills a model with the weights of a file.

    Raises:
        FileMissing: there is no file at `path`.
        ArtifactInvalid: the file is damaged or no safetensors file.
        ModelMismatch: the file belongs to a network of another shape; the model is untouched.
    """
    fill_variables(named_variables(model), read_tensors(path), path)


def load_trunk(model: Any, path: Path, head: str) -> None:
    """As `load_weights`, but for the layer `head`, which the file may have in another shape.

    Raises:
        FileMissing, ArtifactInvalid, ModelMismatch: see `load_weights`.
    """
    variables, tensors = (
        {key: each for key, each in found.items() if not key.startswith(f"{head}/")}
        for found in (named_variables(model), read_tensors(path))
    )
    fill_variables(variables, tensors, path)


def fill_variables(variables: dict[str, Any], tensors: dict[str, NDArray[Any]], path: Path) -> None:
    """Assigns all tensors to the variables of the same names.

    Raises:
        ModelMismatch: the names or a shape differ; nothing is assigned.
    """
    missing = sorted(set(variables) - set(tensors))
    unknown = sorted(set(tensors) - set(variables))
    if missing or unknown:
        raise ModelMismatch(
            f"{path} is of another network: it lacks {missing[:3]} ({len(missing)} in all) "
            f"and has {unknown[:3]} ({len(unknown)} in all) beyond it"
        )
    for key, variable in variables.items():
        if tuple(variable.shape) != tensors[key].shape:
            raise ModelMismatch(
                f"{path} is of another network: {key} has shape {tensors[key].shape}, "
                f"the network wants {tuple(variable.shape)}"
            )
    for key, variable in variables.items():
        variable.assign(tensors[key].astype(np.float32))


def read_config(path: Path) -> ModelConfig:
    """The ModelConfig a weights file was saved with.

    Raises:
        FileMissing: there is no file at `path`.
        ArtifactInvalid: the file is damaged or carries no config.
    """
    try:
        with _opened(path) as file:
            text = (file.metadata() or {}).get(CONFIG_KEY)
    except SafetensorError as error:
        raise ArtifactInvalid(f"{path} is no whole safetensors file: {error}") from error
    if text is None:
        raise ArtifactInvalid(f"{path} carries no {CONFIG_KEY!r} in its metadata")
    return ModelConfig.from_dict(json.loads(text))


def read_tensors(path: Path) -> dict[str, NDArray[Any]]:
    """All tensors of a safetensors file by name.

    Raises:
        FileMissing: there is no file at `path`.
        ArtifactInvalid: the file is damaged.
    """
    try:
        with _opened(path) as file:
            return {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise ArtifactInvalid(f"{path} is no whole safetensors file: {error}") from error


def named_variables(model: Any) -> dict[str, Any]:
    """The model's weights by `layer/variable`, without the state of dropout's generators."""
    return {
        f"{layer.name}/{variable.name}": variable
        for layer in model.layers
        for variable in layer.weights
        if "seed" not in variable.name
    }


def _is_kernel(key: str) -> bool:
    return key.endswith("kernel")


def _opened(path: Path) -> Any:
    if not path.is_file():
        raise FileMissing(f"no weights file at {path}")
    return safe_open(path, framework="numpy")


def _numpy(variable: Any) -> NDArray[Any]:
    from keras import ops  # noqa: PLC0415 (reading a config needs no Keras)

    return np.asarray(ops.convert_to_numpy(variable.value))
