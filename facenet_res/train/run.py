"""From a config to a finished run."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import DataInvalid, StateError
from facenet_res.core.files import write_atomically
from facenet_res.data.crops import Crop, fingerprint, read_crops
from facenet_res.data.input import class_labels
from facenet_res.data.location import data_path
from facenet_res.data.split import split_by_identity
from facenet_res.models.build import build_model
from facenet_res.train.config import TrainConfig
from facenet_res.train.learner import Learner
from facenet_res.train.loop import Progress, run_steps
from facenet_res.train.optimizer import make_optimizer
from facenet_res.train.teacher import Teacher
from facenet_res.train.validation import embed_crops

CONFIG_NAME = "config.json"
HELD_OUT_NAME = "held_out.txt"
# A rough place is enough: training moves the centres from there.
CENTRE_CROPS_MAX = 2


def train(
    config: TrainConfig, folder: Path, on_progress: Callable[[Progress], None] = lambda _: None
) -> Progress:
    """Runs or resumes a training.

    Args:
        config: the run, of `train.recipe.load_recipe`.
        folder: made if absent; a run that stands there already is continued.
        on_progress: called after every step.

    Returns:
        Where the run ended; `folder/weights.safetensors` holds the weights, and `held_out.txt`
        the identities it never saw, by which thresholds may be set.

    Raises:
        FileMissing: crops or teacher are absent.
        StateError: the folder holds a run of another config.
        TrainingDiverged: the loss is no finite number.
    """
    crops = read_crops(data_path(config.crops))
    _claim(folder, config, crops)
    keras.config.set_dtype_policy(config.precision)
    keras.utils.set_random_seed(config.input.seed)
    split = split_by_identity(
        crops,
        identities=config.held_out_identities,
        crops_min=config.crops_per_identity_min,
        unlabelled=config.held_out_unlabelled,
    )
    held_out = sorted({crop.identity for crop in split.validation})
    write_atomically(folder / HELD_OUT_NAME, "\n".join([*held_out, ""]).encode())
    labels, identities = class_labels(split.train)
    if not identities:
        raise DataInvalid(f"{config.crops} holds no identity to train on")
    teacher = Teacher(data_path(config.teacher)) if config.teacher else None
    learner = Learner(build_model(config.model), len(identities), config.loss)
    learner.compile(optimizer=make_optimizer(config.optimizer, config.steps), jit_compile=False)
    learner.optimizer.build(learner.trainable_variables)
    if teacher and not (folder / "state.safetensors").exists():
        _start_centres(learner, split.train, labels, teacher)
    data = (split.train, split.validation)
    return run_steps(learner, config, data, teacher, folder, on_progress)


def _start_centres(
    learner: Learner, crops: list[Crop], labels: NDArray[np.int32], teacher: Teacher
) -> None:
    """Puts each class centre where the teacher sees the class.

    The student's space is the teacher's, so ArcFace can help from the first
    step instead of pulling toward random directions.
    """
    taken: Counter[int] = Counter()
    labelled = []
    for number, label in enumerate(labels.tolist()):
        if label >= 0 and taken[label] < CENTRE_CROPS_MAX:
            taken[label] += 1
            labelled.append(number)
    embeddings = embed_crops([crops[i] for i in labelled], teacher.embed)
    sums = np.zeros(tuple(learner.centres.shape), np.float32)
    np.add.at(sums, labels[labelled], embeddings)
    lengths = np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-6)
    learner.centres.assign(sums / lengths)


def _claim(folder: Path, config: TrainConfig, crops: list[Crop]) -> None:
    record = {"config": config.to_dict(), "data_sha256": fingerprint(crops)}
    path = folder / CONFIG_NAME
    if path.exists():
        if json.loads(path.read_text("utf-8")) != json.loads(json.dumps(record)):
            raise StateError(
                f"{folder} holds a run of another config or other data; choose another folder"
            )
        return
    write_atomically(path, json.dumps(record, indent=1).encode())
