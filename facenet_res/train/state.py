"""The whole state of a run in one file, so that a killed run goes on as if unbroken."""

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from facenet_res.core.errors import ArtifactInvalid, ModelMismatch
from facenet_res.core.files import write_atomically
from facenet_res.train.learner import Learner

STATE_NAME = "state.safetensors"
PREVIOUS_NAME = "state.previous.safetensors"


def save_state(learner: Learner, folder: Path, progress: dict[str, Any]) -> None:
    """Writes weights, centres, optimiser and progress; keeps the file before it as well.

    Raises:
        DiskFull: nothing could be written; the older state is untouched.
    """
    tensors = {
        f"{number:04d}": np.asarray(_numpy(variable), order="C")
        for number, variable in enumerate(_variables(learner))
    }
    path = folder / STATE_NAME
    data = save(tensors, {"progress": json.dumps(progress)})
    if path.exists():
        # A hard link costs nothing and survives the rename below.
        previous = folder / PREVIOUS_NAME
        previous.unlink(missing_ok=True)
        previous.hardlink_to(path)
    write_atomically(path, data)


def has_state(folder: Path) -> bool:
    """Whether a run stands there to go on with, whole or damaged."""
    return any((folder / name).exists() for name in (STATE_NAME, PREVIOUS_NAME))


def load_state(learner: Learner, folder: Path) -> dict[str, Any] | None:
    """Restores the newest state that is whole.

    Returns:
        The progress that was saved with it, or None where the folder holds no state.

    Raises:
        ArtifactInvalid: both kept states are damaged.
        ModelMismatch: the state belongs to another network or optimiser.
    """
    damaged = []
    for name in (STATE_NAME, PREVIOUS_NAME):
        path = folder / name
        if not path.exists():
            continue
        try:
            with safe_open(path, framework="numpy") as file:
                tensors = [file.get_tensor(key) for key in sorted(file.keys())]
                progress = json.loads(file.metadata()["progress"])
        except (SafetensorError, KeyError, TypeError, ValueError) as error:
            damaged.append(f"{name}: {error}")
            continue
        _assign(learner, tensors, path)
        return dict(progress)
    if damaged:
        raise ArtifactInvalid(f"no whole training state in {folder}: {'; '.join(damaged)}")
    return None


def _assign(learner: Learner, tensors: list[Any], path: Path) -> None:
    variables = _variables(learner)
    shapes = [tuple(variable.shape) for variable in variables]
    found = [tensor.shape for tensor in tensors]
    if shapes != found:
        raise ModelMismatch(
            f"{path} is the state of another run: {len(found)} arrays, this run has {len(shapes)}"
        )
    for variable, tensor in zip(variables, tensors, strict=True):
        variable.assign(tensor)


def _variables(learner: Learner) -> list[Any]:
    # The optimiser's variables exist only once it is built, which `train` does before.
    weights = [v for v in learner.variables if "seed" not in v.name]
    return [*weights, *learner.optimizer.variables]


def _numpy(variable: Any) -> Any:
    # Not `ascontiguousarray`, which turns a scalar into an array of one.
    return keras.ops.convert_to_numpy(variable.value)
