"""What stands ready before the first step: people split, networks built, centres placed."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import DataInvalid
from facenet_res.core.types import FACE_SIDE_PX, Faces
from facenet_res.data.crops import CropSource
from facenet_res.data.doubts import read_doubted, with_doubts
from facenet_res.data.input import class_labels
from facenet_res.data.joined import first_set_size
from facenet_res.data.location import data_path
from facenet_res.data.skipped import Skipped, readable_numbers
from facenet_res.data.split import Split, split_by_identity
from facenet_res.models.build import build_model
from facenet_res.models.checkpoint import load_weights
from facenet_res.train.adapt import adapt_start
from facenet_res.train.config import TrainConfig
from facenet_res.train.devices import share_batches
from facenet_res.train.files import network_path
from facenet_res.train.learner import Learner, direct_teacher
from facenet_res.train.optimizer import make_optimizer
from facenet_res.train.state import has_state
from facenet_res.train.teacher import Answers
from facenet_res.train.teachers import Kept, Teachers

# A rough place is enough: training moves the centres from there.
CENTRE_CROPS_MAX = 2
CENTRING_CROPS = 512
ADAPTED_BY = 6144


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A run that could begin.

    Attributes:
        learner: compiled, its optimiser built, with the weights and centres to begin with.
        split: the crops by what they are for.
        teachers: the teachers.
        skipped: what notes the unreadable crops.
    """

    learner: Learner
    split: Split
    teachers: Teachers
    skipped: Skipped


def prepare(
    config: TrainConfig,
    crops: CropSource,
    skipped: Skipped,
    *,
    folder: Path | None = None,
    rate: object = None,
    answers: Answers | None = None,
) -> Prepared:
    """Builds all of it in the backend that KERAS_BACKEND names.

    Args:
        config: the run.
        crops: the whole set.
        skipped: gets the unreadable crops.
        folder: of the run, where teachers' answers about plain crops are kept. Where it holds a
            checkpoint, weights and centres stay as they were made: they are read from it.
        rate: a learning rate or schedule in place of the config's.
        answers: remembers what a teacher said, for the next run of a study.

    Raises:
        FileMissing: weights, teachers or doubted labels are absent.
        DataInvalid: there is no identity to train on, or too few to hold out.
        ModelMismatch: the weights to begin with are of another network.
    """
    is_fresh = folder is None or not has_state(folder)
    keras.config.set_dtype_policy(config.precision)
    keras.utils.set_random_seed(config.input.seed)
    share_batches(config.devices)
    split = split_of(config, crops)
    labels, identities = class_labels(split.train, config.input.class_crops_min)
    if not identities:
        raise DataInvalid(f"{config.crops} holds no identity to train on")
    teachers = open_teachers(config, split, skipped, folder)
    network = build_model(config.model)
    if config.start and is_fresh and not config.adapt_start:
        load_weights(network, network_path(config.start))
    learner = Learner(network, len(identities), config.loss, teachers.dims)
    optimizer = make_optimizer(config.optimizer, config.steps, rate)
    learner.compile(optimizer=optimizer, jit_compile=keras.backend.backend() == "jax")
    learner.optimizer.build(learner.trainable_variables)
    direct = direct_teacher(network.output_shape[-1], teachers.dims)
    if config.adapt_start and is_fresh:
        numbers = _spread(split.train, ADAPTED_BY, skipped)
        adapt_start(learner, network_path(config.start), (split.train, numbers), teachers)
    if is_fresh and direct is not None:
        _place_centres(learner, (split.train, labels), teachers, answers, skipped)
    return Prepared(learner, split, teachers, skipped)


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
        first=first_set_size(crops),
    )


def open_teachers(
    config: TrainConfig, split: Split, skipped: Skipped, folder: Path | None = None
) -> Teachers:
    """A run's teachers, centred by its training crops where that is needed.

    Raises:
        FileMissing: one is absent.
        ArtifactInvalid: one is no embedding network.
    """
    paths = [network_path(name) for name in config.teachers]
    faces = spread_faces(split.train, CENTRING_CROPS if paths else 0, skipped)
    is_plain = config.input.teacher_view == "plain" and folder is not None
    kept = Kept(folder, len(split.train)) if is_plain and folder else None
    return Teachers(paths, config.input.place, faces, kept)


def spread_faces(crops: CropSource, count: int, skipped: Skipped) -> Faces:
    """The faces of at most so many readable crops from all over the set."""
    faces = [crops[int(number)].decode() for number in _spread(crops, count, skipped)]
    return np.stack(faces) if faces else np.empty((0, FACE_SIDE_PX, FACE_SIDE_PX, 3), np.uint8)


def _spread(crops: CropSource, count: int, skipped: Skipped) -> NDArray[np.int64]:
    """At most so many readable crops from all over the set: the same ones for every start."""
    numbers = np.unique(np.linspace(0, len(crops) - 1, count, dtype=np.int64))
    return numbers[readable_numbers(crops.subset(numbers), skipped)]


def _place_centres(
    learner: Learner,
    data: tuple[CropSource, NDArray[np.int32]],
    teachers: Teachers,
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
    direct = direct_teacher(centres.shape[-1], teachers.dims) or 0
    embeddings = teachers.embed_crops(direct, crops, asked)
    if embeddings is None:
        embeddings = (answers or Answers()).of(teachers.on_host[direct], crops.subset(asked))
    sums = np.zeros(tuple(centres.shape), np.float32)
    np.add.at(sums, labels[asked], embeddings)
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    # A class without a readable crop keeps the random centre it has.
    start = np.asarray(keras.ops.convert_to_numpy(centres.value), np.float32)
    centres.assign(np.where(lengths > 0, sums / np.maximum(lengths, 1e-6), start))
