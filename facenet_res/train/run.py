"""From a config to a finished run."""

import json
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import DataInvalid, StateError
from facenet_res.core.files import write_atomically
from facenet_res.data.crops import CropSource, fingerprint, open_crops
from facenet_res.data.input import class_labels
from facenet_res.data.skipped import Skipped, readable_numbers
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
SKIPPED_NAME = "skipped.txt"
# A rough place is enough: training moves the centres from there.
CENTRE_CROPS_MAX = 2
DATA_VARIABLE = "FACENET_RES_DATA"
DATA_DEFAULT = "../shared/data"


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
        the identities it never saw, by which thresholds may be set; `skipped.txt`, where there
        is one, the crops that could not be read and why.

    Raises:
        FileMissing: crops or teacher are absent.
        StateError: the folder holds a run of another config.
        DataInvalid: the crops break their format, or too many of them cannot be read.
        TrainingDiverged: the loss is no finite number.
    """
    with open_crops(_data_path(config.crops)) as crops:
        _claim(folder, config, crops)
        return _train(config, crops, folder, on_progress)


def _train(
    config: TrainConfig,
    crops: CropSource,
    folder: Path,
    on_progress: Callable[[Progress], None],
) -> Progress:
    keras.config.set_dtype_policy(config.precision)
    keras.utils.set_random_seed(config.input.seed)
    split = split_by_identity(
        crops,
        identities=config.held_out_identities,
        crops_min=config.crops_per_identity_min,
        unlabelled=config.held_out_unlabelled,
    )
    held_out = sorted({crops.identities[label] for label in np.unique(split.validation.labels)})
    write_atomically(folder / HELD_OUT_NAME, "\n".join([*held_out, ""]).encode())
    labels, identities = class_labels(split.train)
    if not identities:
        raise DataInvalid(f"{config.crops} holds no identity to train on")
    teacher = Teacher(_data_path(config.teacher)) if config.teacher else None
    learner = Learner(build_model(config.model), len(identities), config.loss)
    learner.compile(optimizer=make_optimizer(config.optimizer, config.steps), jit_compile=False)
    learner.optimizer.build(learner.trainable_variables)
    skipped = Skipped(len(crops), folder / SKIPPED_NAME)
    validation = split.validation.subset(readable_numbers(split.validation, skipped))
    if teacher and not (folder / "state.safetensors").exists():
        _start_centres(learner, (split.train, labels), teacher, skipped)
    data = (split.train, validation, skipped)
    return run_steps(learner, config, data, teacher, folder, on_progress)


def _start_centres(
    learner: Learner,
    data: tuple[CropSource, NDArray[np.int32]],
    teacher: Teacher,
    skipped: Skipped,
) -> None:
    """Puts each class centre where the teacher sees the class.

    The student's space is the teacher's, so ArcFace can help from the first
    step instead of pulling toward random directions.
    """
    crops, labels = data
    taken: Counter[int] = Counter()
    first: list[int] = []
    for number, label in enumerate(labels.tolist()):
        if label >= 0 and taken[label] < CENTRE_CROPS_MAX:
            taken[label] += 1
            first.append(number)
    asked = np.asarray(first, np.int64)
    asked = asked[readable_numbers(crops.subset(asked), skipped)]
    embeddings = embed_crops(crops.subset(asked), teacher.embed)
    sums = np.zeros(tuple(learner.centres.shape), np.float32)
    np.add.at(sums, labels[asked], embeddings)
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    # A class without a readable crop keeps the random centre it has.
    start = np.asarray(keras.ops.convert_to_numpy(learner.centres.value), np.float32)
    learner.centres.assign(np.where(lengths > 0, sums / np.maximum(lengths, 1e-6), start))


def _claim(folder: Path, config: TrainConfig, crops: CropSource) -> None:
    record = {"config": config.to_dict(), "data_sha256": fingerprint(crops)}
    path = folder / CONFIG_NAME
    if path.exists():
        if json.loads(path.read_text("utf-8")) != json.loads(json.dumps(record)):
            raise StateError(
                f"{folder} holds a run of another config or other data; choose another folder"
            )
        return
    write_atomically(path, json.dumps(record, indent=1).encode())


def _data_path(name: str) -> Path:
    path = Path(name)
    return path if path.is_absolute() else Path(os.environ.get(DATA_VARIABLE, DATA_DEFAULT)) / path
