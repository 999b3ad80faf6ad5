"""The faces that a model is judged on, each found and aligned once, whatever number of networks.

LFW's images, the identities held out of training, unlabelled crops that were held out too, and
whole images of people to enrol and ask for. What is missing is said before any work begins.
"""

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from facenet_res.core.embedder import Embedder
from facenet_res.core.errors import DataInvalid, FileMissing, NoFace
from facenet_res.core.progress import Tell
from facenet_res.core.types import Embeddings, Faces, Image
from facenet_res.data.crops import CropSource, fingerprint
from facenet_res.data.joined import first_set_size, open_joined
from facenet_res.data.location import DATA_VARIABLE, data_path
from facenet_res.data.pairs import PairSet, read_pairs
from facenet_res.data.records import NO_LABEL
from facenet_res.data.split import split_by_identity
from facenet_res.evaluation.bootstrap import BootstrapConfig
from facenet_res.evaluation.cost import ROUNDS
from facenet_res.evaluation.held_out import CROPS_MIN, IDENTITIES, UNLABELLED, decoded
from facenet_res.evaluation.image_source import open_images
from facenet_res.evaluation.pairs import located, thinned
from facenet_res.evaluation.photos import PhotosConfig, PhotosPlan, plan_photos
from facenet_res.evaluation.subjects import AlignedSubjects, align_subjects, embed_batches

if TYPE_CHECKING:
    from facenet_res.recognizer.recognizer import FaceRecognizer

FOLDS_MIN: Final = 2
UTK_NAME: Final = re.compile(r"utk_(\d+)_([01])_([0-4])_\d+\.jpg$")
GENDERS: Final = ("male", "female")
ORIGINS: Final = ("White", "Black", "Asian", "Indian", "other")
AGE_BANDS: Final = ((0, "0-9"), (10, "10-19"), (20, "20-34"), (35, "35-49"), (50, "50-64"))
OLDEST: Final = (65, "65 and over")


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeConfig:
    """How much is judged.

    Attributes:
        pairs_max: pairs of LFW; 0 for all. Fewer are every second, third, ... of them.
        identities: held out for validation, as the training had it.
        crops_min: least crops of such an identity.
        unlabelled: crops without a name that were held out.
        more_crops: further sets that the training learned from; nobody is held out of them.
        photos: who is enrolled and asked for.
        bootstrap: of the intervals.
        robustness_step: each so many pairs are judged with changed faces: all faces are embedded
            seven times for it.
        rounds: of the timing.
    """

    pairs_max: int = 0
    identities: int = IDENTITIES
    crops_min: int = CROPS_MIN
    unlabelled: int = UNLABELLED
    more_crops: tuple[Path, ...] = ()
    photos: PhotosConfig = field(default_factory=PhotosConfig)
    bootstrap: BootstrapConfig = field(default_factory=BootstrapConfig)
    robustness_step: int = 3
    rounds: int = ROUNDS


@dataclass(frozen=True, slots=True)
class JudgeFiles:
    """Where the data lie.

    Attributes:
        images: LFW's images, a folder or a zip.
        pairs: LFW's pairs.
        crops: the training set, of which the held-out part is judged.
        photos: images of people, a folder for each.
    """

    images: Path
    pairs: Path
    crops: Path
    photos: Path


@dataclass(frozen=True, slots=True)
class HeldOut:
    """The part of the crops that a training leaves to be judged by; see `data.split`.

    Attributes:
        identities: whole people.
        crops_min: of each.
        unlabelled: crops without an identity.
    """

    identities: int
    crops_min: int
    unlabelled: int

    def covers(self, other: "HeldOut") -> bool:
        """Whether all of another part is in this one: the choice goes by an order of names."""
        return self.crops_min == other.crops_min and (
            self.identities >= other.identities and self.unlabelled >= other.unlabelled
        )


@dataclass(frozen=True, slots=True)
class TrainedOn:
    """What is left of the crops for training.

    Attributes:
        sha256: of the whole set; see `data.crops.fingerprint`.
        held_out: what was taken away.
        named: crops with an identity.
        identities: of those.
        unnamed: crops without one.
    """

    sha256: str
    held_out: HeldOut
    named: int
    identities: int
    unnamed: int


class RememberedFaces:
    """The largest face of an image, found at the first asking only."""

    def __init__(self, recognizer: "FaceRecognizer") -> None:
        self._recognizer = recognizer
        self._found: dict[bytes, list[Image]] = {}

    def face(self, image: bytes) -> Image:
        """The aligned face of a file's bytes.

        Raises:
            NoFace: there is none.
            ImageUnreadable, ImageTooLarge: the image cannot be used.
        """
        key = hashlib.sha256(image).digest()
        if key not in self._found:
            faces = self._recognizer.detect(image, faces_max=1)
            self._found[key] = [face.crop for face in faces]
        if len(self._found[key]) == 0:
            raise NoFace("no face detected, one is required")
        return self._found[key][0]


@dataclass(frozen=True, slots=True, eq=False)
class JudgeData:
    """Everything to judge on, in memory but for the whole images.

    Attributes:
        pairs: of LFW.
        lfw: the aligned subjects of `pairs.images`.
        validation: uint8[N, 112, 112, 3], all crops of the held-out identities.
        people: int64[N], whom each shows.
        non_enrolled: uint8[M, 112, 112, 3], the held-out crops without a name.
        groups: attribute -> the group of each non-enrolled person, "" for none.
        trained_on: the rest of the crops.
        photos: where the whole images lie.
        plan: what is done with each.
        portraits: their faces.
    """

    pairs: PairSet
    lfw: AlignedSubjects
    validation: Faces
    people: tuple[str, ...]
    non_enrolled: Faces
    groups: dict[str, tuple[str, ...]]
    trained_on: TrainedOn
    photos: Path
    plan: PhotosPlan
    portraits: RememberedFaces


def judge_files() -> JudgeFiles:
    """The files in the folder that FACENET_RES_DATA names.

    Raises:
        FileMissing: one of them is not there.
    """
    names = ("lfw.zip", "lfw_pairs.txt", "crops.zip", "photos.zip")
    paths = [data_path(name) for name in names]
    missing = [path for path in paths if not path.exists()]
    if missing:
        raise FileMissing(
            f"{len(missing)} of {len(paths)} data files are missing, such as {missing[0]}; "
            f"{DATA_VARIABLE} names their folder"
        )
    return JudgeFiles(*paths)


def load_judge_data(
    files: JudgeFiles, recognizer: "FaceRecognizer", config: JudgeConfig, tell: Tell
) -> JudgeData:
    """Opens everything, checks it, and only then finds the faces of LFW's images.

    Raises:
        FileMissing: a file or an image of the pairs is not there.
        DataInvalid: a file breaks its format, or there are too few people, images or crops.
    """
    pairs = thinned(read_pairs(files.pairs), config.pairs_max)
    if len(np.unique(pairs.folds)) < FOLDS_MIN:
        raise DataInvalid(f"{files.pairs} has pairs of one fold only, {FOLDS_MIN} are needed")
    with open_images(files.photos) as photos:
        plan = plan_photos(photos.names, config.photos)
    sets = (files.crops, *config.more_crops)
    with open_images(files.images) as images, open_joined(sets) as crops:
        names = located(pairs, images.names)
        split = split_by_identity(
            crops,
            identities=config.identities,
            crops_min=config.crops_min,
            unlabelled=config.unlabelled,
            first=first_set_size(crops),
        )
        validation, non_enrolled = split.validation, split.groups
        held_out = decoded(validation, "held-out people", tell)
        unnamed = decoded(non_enrolled, "held-out non-enrolled people", tell)
        lfw = align_subjects(
            images,
            names,
            recognizer,
            on_progress=lambda done: tell("LFW's faces", done, len(names)),
        )
        return JudgeData(
            pairs=pairs,
            lfw=lfw,
            validation=held_out,
            people=tuple(validation.identity(number) for number in range(len(validation))),
            non_enrolled=unnamed,
            groups=groups_of([non_enrolled.name(number) for number in range(len(non_enrolled))]),
            trained_on=_trained_on(split.train, fingerprint(crops), config),
            photos=files.photos,
            plan=plan,
            portraits=RememberedFaces(recognizer),
        )


def embedded(embedder: Embedder, faces: Faces, stage: str, tell: Tell) -> Embeddings:
    """float32[B, D] of crops in memory, with progress."""
    return embed_batches(faces, embedder, lambda done: tell(stage, done, len(faces)))


def groups_of(names: list[str]) -> dict[str, tuple[str, ...]]:
    """The groups that UTKFace's file names tell: utk_AGE_GENDER_ORIGIN_DATE.jpg; "" for another."""
    found = [UTK_NAME.search(name) for name in names]
    return {
        "origin": tuple(ORIGINS[int(one[3])] if one else "" for one in found),
        "gender": tuple(GENDERS[int(one[2])] if one else "" for one in found),
        "age": tuple(_age_band(int(one[1])) if one else "" for one in found),
    }


def _age_band(age: int) -> str:
    return max(band for band in (*AGE_BANDS, OLDEST) if band[0] <= age)[1]


def _trained_on(train: CropSource, sha256: str, config: JudgeConfig) -> TrainedOn:
    is_named = train.labels != NO_LABEL
    identities = len(np.unique(train.labels[is_named]))
    held_out = HeldOut(config.identities, config.crops_min, config.unlabelled)
    return TrainedOn(sha256, held_out, int(is_named.sum()), identities, int((~is_named).sum()))
