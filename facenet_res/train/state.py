"""The whole state of a run in one file, so that a killed run goes on as if unbroken."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from facenet_res.core.errors import ArtifactInvalid, ModelMismatch, TrainingDiverged
from facenet_res.core.files import write_atomically

STATE_NAME = "state.safetensors"
PREVIOUS_NAME = "state.previous.safetensors"
# What a damaged file ends in.
UNREADABLE = (SafetensorError, KeyError, OSError, TypeError, ValueError)


def save_state(learner: keras.Model, folder: Path, progress: dict[str, Any]) -> None:
    """Writes weights, centres, optimiser and progress; keeps the file before it as well.

    Raises:
        DiskFull: nothing could be written; the older state is untouched.
        TrainingDiverged: a value is no finite number; the older state is untouched.
    """
    check_finite(learner, folder, int(progress["step"]))
    tensors = {
        f"{number:04d}": np.asarray(_numpy(variable), order="C")
        for number, variable in enumerate(_variables(learner))
    }
    path = folder / STATE_NAME
    text = json.dumps(progress)
    data = save(tensors, {"progress": text, "sha256": _digest(tensors, text)})
    write_atomically(path, data, previous=folder / PREVIOUS_NAME)


def check_finite(learner: keras.Model, folder: Path, step: int) -> None:
    """A gradient that is no number spoils the weights behind a loss that is one.

    Raises:
        TrainingDiverged: a weight or a value of the optimiser is no finite number.
    """
    for variable in _variables(learner):
        if not np.isfinite(np.asarray(_numpy(variable))).all():
            raise diverged(f"{variable.path} is no finite number after step {step}", folder)


def diverged(what: str, folder: Path) -> TrainingDiverged:
    """The error that says what went wrong, and what is left."""
    kept = "no state was saved"
    if has_state(folder):
        kept = (
            f"the last good state stands in {folder}, and can go on with a lower "
            "optimizer.learning_rate"
        )
    return TrainingDiverged(f"{what}; {kept}")


def has_state(folder: Path) -> bool:
    """Whether a run stands there to go on with, whole or damaged."""
    return bool(_kept(folder))


def forget_states(folder: Path) -> None:
    """Removes what a run saved."""
    for path in _kept(folder):
        path.unlink()


def saved_step(folder: Path) -> int:
    """The steps done in the newest state that is whole; 0 where there is none."""
    for path in _kept(folder):
        try:
            return int(_read(path)[1]["step"])
        except UNREADABLE:
            continue
    return 0


def load_state(learner: keras.Model, folder: Path) -> dict[str, Any] | None:
    """Restores the newest state that is whole, and removes a newer one that is damaged.

    Returns:
        The progress that was saved with it, or None where the folder holds no state.

    Raises:
        ArtifactInvalid: both kept states are damaged.
        ModelMismatch: the state belongs to another network or optimiser.
    """
    damaged: dict[Path, Exception] = {}
    for path in _kept(folder):
        try:
            tensors, progress = _read(path)
        except UNREADABLE as error:
            damaged[path] = error
            continue
        _assign(learner, tensors, path)
        # The next save would put it in the place of the only whole one.
        for broken in damaged:
            broken.unlink()
        return progress
    if damaged:
        texts = "; ".join(f"{path.name}: {error}" for path, error in damaged.items())
        raise ArtifactInvalid(
            f"no whole training state in {folder}: {texts}; remove them to begin the run anew"
        )
    return None


def _kept(folder: Path) -> list[Path]:
    paths = (folder / name for name in (STATE_NAME, PREVIOUS_NAME))
    return [path for path in paths if path.exists()]


def _read(path: Path) -> tuple[list[NDArray[Any]], dict[str, Any]]:
    """Arrays and progress of a state; one of `UNREADABLE` where it is damaged."""
    with safe_open(path, framework="numpy") as file:
        tensors = {key: file.get_tensor(key) for key in sorted(file.keys())}
        metadata = file.metadata()
    text = metadata["progress"]
    # States of before had no digest.
    if metadata.get("sha256", found := _digest(tensors, text)) != found:
        raise ValueError("its SHA-256 is another one than when it was written")
    return list(tensors.values()), dict(json.loads(text))


def _digest(tensors: Mapping[str, NDArray[Any]], progress: str) -> str:
    """SHA-256 of all that a state says: a byte that flips on a disk leaves the format whole."""
    digest = hashlib.sha256(progress.encode())
    for key in sorted(tensors):
        digest.update(f"{key} {tensors[key].dtype} {tensors[key].shape}".encode())
        digest.update(tensors[key].tobytes())
    return digest.hexdigest()


def _assign(learner: keras.Model, tensors: list[Any], path: Path) -> None:
    variables = _variables(learner)
    shapes = [tuple(variable.shape) for variable in variables]
    found = [tensor.shape for tensor in tensors]
    if shapes != found:
        pairs = zip(shapes, found, strict=False)
        odd = next((f"; {have} where {need} is needed" for need, have in pairs if need != have), "")
        raise ModelMismatch(
            f"{path} is the state of another run: {len(found)} arrays, this run has "
            f"{len(shapes)}{odd}"
        )
    for variable, tensor in zip(variables, tensors, strict=True):
        variable.assign(tensor)


def _variables(learner: keras.Model) -> list[Any]:
    # The optimiser's variables exist only once it is built, which `train` does before.
    # The states of dropout's generators are among the learner's.
    return [*learner.variables, *learner.optimizer.variables]


def _numpy(variable: Any) -> Any:
    # Not `ascontiguousarray`, which turns a scalar into an array of one.
    return keras.ops.convert_to_numpy(variable.value)
