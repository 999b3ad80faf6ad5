"""What stands ready before the first step: people split, networks built, centres placed."""

from collections import Counter
from dataclasses import dataclass

import keras
import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import DataInvalid
from facenet_res.core.types import FACE_SIDE_PX, Faces
from facenet_res.data.crops import CropSource
from facenet_res.data.doubts import read_doubted, with_doubts
from facenet_res.data.input import class_labels
from facenet_res.data.location import data_path
from facenet_res.data.skipped import Skipped, readable_numbers
from facenet_res.data.split import Split, split_by_identity
from facenet_res.models.build import build_model
from facenet_res.models.checkpoint import load_weights
from facenet_res.train.config import TrainConfig
from facenet_res.train.devices import share_batches
from facenet_res.train.files import start_path
from facenet_res.train.learner import Learner, direct_teacher
from facenet_res.train.optimizer import make_optimizer
from facenet_res.train.teacher import Answers, Panel, Teacher

# A rough place is enough: training moves the centres from there.
CENTRE_CROPS_MAX = 2
CENTRING_CROPS = 512


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
    answers: Answers | None = None,
) -> Prepared:
    """Builds all of it in the backend that KERAS_BACKEND names.

    Args:
        config: the run.
        crops: the whole set.
        skipped: gets the unreadable crops.
        rate: a learning rate or schedule in place of the config's.
        is_fresh: whether weights and centres are those to begin with; a run that goes on has
            its own, and saves the time.
        answers: remembers what a teacher said, for the next run of a study.

    Raises:
        FileMissing: weights, teachers or doubted labels are absent.
        DataInvalid: there is no identity to train on, or too few to hold out.
        ModelMismatch: the weights to begin with are of another network.
    """
    keras.config.set_dtype_policy(config.precision)
    keras.utils.set_random_seed(config.input.seed)
    share_batches(config.devices)
    split = split_of(config, crops)
    labels, identities = class_labels(split.train)
    if not identities:
        raise DataInvalid(f"{config.crops} holds no identity to train on")
    panel = open_panel(config, split, skipped)
    network = build_model(config.model)
    if config.start and is_fresh:
        load_weights(network, start_path(config.start))
    learner = Learner(network, len(identities), config.loss, panel.dims)
    optimizer = make_optimizer(config.optimizer, config.steps, rate)
    learner.compile(optimizer=optimizer, jit_compile=keras.backend.backend() == "jax")
    learner.optimizer.build(learner.trainable_variables)
    direct = direct_teacher(network.output_shape[-1], panel.dims)
    if is_fresh and direct is not None:
        _place_centres(learner, (split.train, labels), panel.on_host[direct], answers, skipped)
    return Prepared(learner, split, panel, skipped)


def split_of(config: TrainConfig, crops: CropSource) -> Split:
    """A run's crops by what they are for.

    Raises:
        FileMissing: the doubted labels are absent.
        DataInvalid: there are too few identities or crops to hold out.
    """
    if config.doubted:
        crops = with_doubts(crops, read_doubted(data_path(config.doubted)))
    return split_by_identity(
        crops,
        identities=config.held_out_identities,
        crops_min=config.crops_per_identity_min,
        unlabelled=config.held_out_unlabelled,
    )


def open_panel(config: TrainConfig, split: Split, skipped: Skipped) -> Panel:
    """A run's teachers, centred by its training crops where that is needed.

    Raises:
        FileMissing: one is absent.
        ArtifactInvalid: one is no embedding network.
    """
    paths = [data_path(name) for name in config.teachers]
    faces = _spread_faces(split.train, CENTRING_CROPS if paths else 0, skipped)
    return Panel(paths, config.input.place, faces)


def _spread_faces(crops: CropSource, count: int, skipped: Skipped) -> Faces:
    """At most so many readable crops from all over the set: the same ones for every start."""
    numbers = np.unique(np.linspace(0, len(crops) - 1, count, dtype=np.int64))
    numbers = numbers[readable_numbers(crops.subset(numbers), skipped)]
    faces = [crops[int(number)].decode() for number in numbers]
    return np.stack(faces) if faces else np.empty((0, FACE_SIDE_PX, FACE_SIDE_PX, 3), np.uint8)


def _place_centres(
    learner: Learner,
    data: tuple[CropSource, NDArray[np.int32]],
    teacher: Teacher,
    answers: Answers | None,
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
    embeddings = (answers or Answers()).of(teacher, crops.subset(asked))
    sums = np.zeros(tuple(centres.shape), np.float32)
    np.add.at(sums, labels[asked], embeddings)
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    # A class without a readable crop keeps the random centre it has.
    start = np.asarray(keras.ops.convert_to_numpy(centres.value), np.float32)
    centres.assign(np.where(lengths > 0, sums / np.maximum(lengths, 1e-6), start))
