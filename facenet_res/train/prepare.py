"""What stands ready before the first step: people split, networks built, centres placed."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from facenet_res.core.artifact import default_artifact_dir
from facenet_res.core.errors import DataInvalid
from facenet_res.core.types import Embeddings
from facenet_res.data.crops import CropSource, fingerprint
from facenet_res.data.doubts import read_doubted, with_doubts
from facenet_res.data.input import class_labels
from facenet_res.data.location import data_path
from facenet_res.data.skipped import Skipped, readable_numbers
from facenet_res.data.split import Split, split_by_identity
from facenet_res.models.build import build_model
from facenet_res.models.checkpoint import load_weights
from facenet_res.train.config import TrainConfig
from facenet_res.train.devices import share_batches
from facenet_res.train.learner import Learner, direct_teacher
from facenet_res.train.optimizer import make_optimizer
from facenet_res.train.teacher import Panel, Teacher
from facenet_res.train.validation import embed_crops

DEFAULT_START = "default"
DEFAULT_WEIGHTS = "model.safetensors"
# A rough place is enough: training moves the centres from there.
CENTRE_CROPS_MAX = 2
_TOLD: dict[tuple[str, int, str], Embeddings] = {}
"""The last answers to `_told_once`, by teacher and crops."""


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A run that could begin.

    Attributes:
        learner: compiled, its optimiser built, with the weights and centres to begin with.
        split: the crops by what they are for.
        panel: the teachers.
        skipped: what notes the unreadable crops.
    """

    learner: Learner
    split: Split
    panel: Panel
    skipped: Skipped


def prepare(
    config: TrainConfig,
    crops: CropSource,
    skipped: Skipped,
    *,
    rate: object = None,
    is_fresh: bool = True,
) -> Prepared:
    """Builds all of it in the backend that KERAS_BACKEND names.

    Args:
        config: the run.
        crops: the whole set.
        skipped: gets the unreadable crops.
        rate: a learning rate or schedule in place of the config's.
        is_fresh: whether weights and centres are those to begin with; a run that goes on has
            its own, and saves the time.

    Raises:
        FileMissing: weights, teachers or doubted labels are absent.
        DataInvalid: there is no identity to train on, or too few to hold out.
        ModelMismatch: the weights to begin with are of another network.
    """
    keras.config.set_dtype_policy(config.precision)
    keras.utils.set_random_seed(config.input.seed)
    share_batches(config.devices)
    if config.doubted:
        crops = with_doubts(crops, read_doubted(data_path(config.doubted)))
    split = split_by_identity(
        crops,
        identities=config.held_out_identities,
        crops_min=config.crops_per_identity_min,
        unlabelled=config.held_out_unlabelled,
    )
    labels, identities = class_labels(split.train)
    if not identities:
        raise DataInvalid(f"{config.crops} holds no identity to train on")
    panel = Panel([data_path(name) for name in config.teachers], config.input.place)
    network = build_model(config.model)
    if config.start and is_fresh:
        load_weights(network, _start_path(config.start))
    learner = Learner(network, len(identities), config.loss, panel.dims)
    optimizer = make_optimizer(config.optimizer, config.steps, rate)
    learner.compile(optimizer=optimizer, jit_compile=keras.backend.backend() == "jax")
    learner.optimizer.build(learner.trainable_variables)
    direct = direct_teacher(network.output_shape[-1], panel.dims)
    if is_fresh and direct is not None:
        _place_centres(learner, (split.train, labels), panel.on_host[direct], skipped)
    return Prepared(learner, split, panel, skipped)


def _start_path(start: str) -> Path:
    return default_artifact_dir() / DEFAULT_WEIGHTS if start == DEFAULT_START else data_path(start)


def _told_once(teacher: Teacher, crops: CropSource) -> Embeddings:
    """The teacher's answers, which every trial of a study asks for anew: kept for the next."""
    key = (str(teacher.path), teacher.path.stat().st_mtime_ns, fingerprint(crops))
    if key not in _TOLD:
        # One set at a time: trials of one teacher follow each other.
        _TOLD.clear()
        _TOLD[key] = embed_crops(crops, teacher.embed)
    return _TOLD[key]


def _place_centres(
    learner: Learner,
    data: tuple[CropSource, NDArray[np.int32]],
    teacher: Teacher,
    skipped: Skipped,
) -> None:
    """Puts each class centre where the teacher sees the class.

    The student's space is the teacher's, so the margin loss can help from the first
    step instead of pulling toward random directions.
    """
    centres = learner.head.centres if learner.head is not None else None
    # Several centres of a class would all begin in one place, and never part.
    if centres is None or len(centres.shape) > 2:
        return
    crops, labels = data
    taken: Counter[int] = Counter()
    first: list[int] = []
    for number, label in enumerate(labels.tolist()):
        if label >= 0 and taken[label] < CENTRE_CROPS_MAX:
            taken[label] += 1
            first.append(number)
    asked = np.asarray(first, np.int64)
    asked = asked[readable_numbers(crops.subset(asked), skipped)]
    embeddings = _told_once(teacher, crops.subset(asked))
    sums = np.zeros(tuple(centres.shape), np.float32)
    np.add.at(sums, labels[asked], embeddings)
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    # A class without a readable crop keeps the random centre it has.
    start = np.asarray(keras.ops.convert_to_numpy(centres.value), np.float32)
    centres.assign(np.where(lengths > 0, sums / np.maximum(lengths, 1e-6), start))
