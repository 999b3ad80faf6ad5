"""All figures of one network, on faces that were found before: what a model card states."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from facenet_res.core.arrays import cosine
from facenet_res.core.artifact import Artifact
from facenet_res.core.embedder import Embedder
from facenet_res.core.manifest import Manifest
from facenet_res.core.operating_point import OperatingPoint
from facenet_res.core.progress import Tell
from facenet_res.core.types import Embeddings, Identification
from facenet_res.evaluation.all_pairs import impostor_threshold
from facenet_res.evaluation.at_fpir import AtFpir, at_fpirs, fpir_points
from facenet_res.evaluation.bootstrap import shared_units
from facenet_res.evaluation.cost import Cost, measure_cost
from facenet_res.evaluation.groups import GroupedFaces, GroupsReport, judge_groups
from facenet_res.evaluation.image_source import open_images
from facenet_res.evaluation.intervals import Interval, clopper_pearson
from facenet_res.evaluation.judge_data import (
    JudgeConfig,
    JudgeData,
    RememberedFaces,
    embedded,
)
from facenet_res.evaluation.pairs import judge_pairs
from facenet_res.evaluation.photos import PhotosReport, judge_photos
from facenet_res.evaluation.robustness import Robustness, judge_robustness
from facenet_res.evaluation.subjects import EmbeddedSubjects
from facenet_res.evaluation.verification_report import (
    Measured,
    ScoredPairSet,
    VerificationReport,
    judge_scores,
)
from facenet_res.gallery.gallery import EmbeddingGallery

if TYPE_CHECKING:
    from facenet_res.recognizer.recognizer import FaceRecognizer

GROUPS_FMR_DEFAULT: Final = 1e-3
PHOTOS_FMR_DEFAULT: Final = 1e-3
THRESHOLD_RATES: Final = (1e-2, 1e-3, 1e-4)
SAMPLE_STEP: Final = 60
"""Every so many pairs of LFW a test measures again."""


@dataclass(frozen=True, slots=True)
class Network:
    """An open network.

    Attributes:
        artifact: its folder.
        recognizer: embeds as serving does; of a teacher, as the model beside it does.
        mirrored: adds the mirrored face, as LFW's figures are published.
        is_mirrored: whether `recognizer` does so too.
    """

    artifact: Artifact
    recognizer: "FaceRecognizer"
    mirrored: Embedder
    is_mirrored: bool

    @property
    def embedder(self) -> Embedder:
        """Of the recognizer."""
        return self.recognizer.embedder


@dataclass(frozen=True, slots=True)
class NonEnrolledNamed:
    """Images of people never enrolled that were given a name at one threshold.

    Attributes:
        fmr: for which the threshold was chosen, in 1:1.
        threshold: the least similarity.
        named: how many.
        interval: 95 % Clopper-Pearson interval of their share.
    """

    fmr: float
    threshold: float
    named: int
    interval: Interval


@dataclass(frozen=True, slots=True)
class Sample:
    """Every so many pairs of LFW, for a quick check.

    Attributes:
        step: every so many.
        pairs: how many pairs that are.
        right: how many the thresholds of their folds answer rightly.
    """

    step: int
    pairs: int
    right: int


@dataclass(frozen=True, slots=True)
class Judged:
    """The figures of one network.

    Attributes:
        manifest: what it declares.
        engine: what ran it.
        is_mirrored: whether each embedding is that of the face plus its mirror image.
        lfw: pairs of images, with the mirrored face.
        sample: of these pairs.
        validation: all pairs of the held-out identities.
        photos: people enrolled and asked for, at the threshold for 1e-3.
        non_enrolled: what each threshold makes of people never enrolled.
        at_fpir: the same at the gallery's own thresholds for an FPIR.
        groups: false matches per group, at one threshold.
        robustness: unchanged faces first.
        cost: time, weights, work and bytes.
    """

    manifest: Manifest
    engine: str
    is_mirrored: bool
    lfw: VerificationReport
    sample: Sample
    validation: VerificationReport
    photos: PhotosReport
    non_enrolled: tuple[NonEnrolledNamed, ...]
    at_fpir: tuple[AtFpir, ...]
    groups: GroupsReport
    robustness: tuple[Robustness, ...]
    cost: Cost


def judge_network(network: Network, data: JudgeData, config: JudgeConfig, tell: Tell) -> Judged:
    """Measures everything.

    Args:
        network: to judge.
        data: on what.
        config: how much of it was taken.
        tell: hears of progress.

    Raises:
        DataInvalid: there is too little of something for a figure.
        ArtifactInvalid, ArrayInvalid: the network does not answer as its manifest says.
    """
    cost = measure_cost(network.artifact, config.rounds, is_mirrored=network.is_mirrored)
    lfw, sample = _lfw(network, data, tell)
    validation = _validation(network, data, config, tell)
    thresholds = _thresholds(network.artifact.manifest, validation)
    photos, points = _photos(network, data, thresholds[PHOTOS_FMR_DEFAULT], tell)
    return Judged(
        manifest=network.artifact.manifest,
        engine=network.recognizer.info().engine,
        is_mirrored=network.is_mirrored,
        lfw=lfw,
        sample=sample,
        validation=validation,
        photos=photos,
        non_enrolled=_non_enrolled(photos, thresholds),
        at_fpir=at_fpirs(photos.answers, points),
        groups=_groups(network, data, config, tell),
        robustness=judge_robustness(network.embedder, data, config.robustness_step, tell),
        cost=cost,
    )


def sampled(
    similarities: Sequence[float], is_same: Sequence[bool], thresholds: Sequence[float]
) -> int:
    """How many of some pairs are answered rightly, each by the threshold given for it."""
    accepted = np.asarray(similarities) >= np.asarray(thresholds)
    return int((accepted == np.asarray(is_same)).sum())


def _lfw(network: Network, data: JudgeData, tell: Tell) -> tuple[VerificationReport, Sample]:
    rows = embedded(network.mirrored, data.lfw.crops, "LFW", tell)
    photographs = EmbeddedSubjects(rows, data.lfw.without_face, data.lfw.with_several_faces)
    pairs = data.pairs
    report = judge_pairs(pairs, photographs, network.embedder.model_id)
    folds = report.accuracy.folds if report.accuracy else ()
    chosen = slice(None, None, SAMPLE_STEP)
    of_fold = {fold.fold: fold.threshold for fold in folds}
    thresholds = [of_fold[fold] for fold in pairs.folds[chosen].tolist()]
    values = cosine(rows[pairs.first[chosen]], rows[pairs.second[chosen]])
    right = sampled(values.tolist(), pairs.is_same[chosen].tolist(), thresholds)
    return report, Sample(SAMPLE_STEP, len(thresholds), right)


def _validation(
    network: Network, data: JudgeData, config: JudgeConfig, tell: Tell
) -> VerificationReport:
    rows = embedded(network.embedder, data.validation, "held-out people", tell)
    person = np.unique(data.people, return_inverse=True)[1]
    first, second = np.triu_indices(len(rows), 1)
    scored = ScoredPairSet(
        similarities=(rows @ rows.T)[first, second],
        is_same=person[first] == person[second],
        units=shared_units(person[first], person[second]),
    )
    measured = Measured(model_id=network.embedder.model_id, images=len(rows))
    return judge_scores(scored, measured, config.bootstrap)


def _thresholds(manifest: Manifest, validation: VerificationReport) -> dict[float, float]:
    """Those that the manifest declares; else those of the held-out identities, found alike."""
    measured = {point.fmr: point.threshold for point in validation.tar_at_far}
    declared = {one.fmr: one.similarity for one in manifest.thresholds}
    strictest = max(measured.values(), default=1.0)
    return {
        rate: declared.get(rate, measured.get(rate, strictest))
        for rate in dict.fromkeys((*THRESHOLD_RATES, *declared))
    }


class _GalleryIdentifier:
    """A gallery of its own; faces come from memory where they were found before."""

    def __init__(
        self,
        portraits: RememberedFaces,
        embedder: Embedder,
        gallery: EmbeddingGallery,
        threshold: float,
    ) -> None:
        self._portraits = portraits
        self._embedder = embedder
        self._gallery = gallery
        self._threshold = threshold

    def enroll(self, person: str, image: bytes) -> None:
        self._gallery.enroll(person, self._embedding(image)[0])

    def identify(self, image: bytes) -> Identification:
        return self._gallery.identify(self._embedding(image), threshold=self._threshold)[0]

    def _embedding(self, image: bytes) -> Embeddings:
        return self._embedder.embed(self._portraits.face(image)[None])


def _photos(
    network: Network, data: JudgeData, threshold: float, tell: Tell
) -> tuple[PhotosReport, tuple[OperatingPoint, ...]]:
    plan = data.plan
    total = len(plan.enrolled) + len(plan.known) + len(plan.unknown)
    model_id, dim = network.embedder.model_id, network.embedder.embedding_dim
    with (
        open_images(data.photos) as source,
        tempfile.TemporaryDirectory(prefix="facenet-res-") as folder,
        EmbeddingGallery.create(
            Path(folder) / "gallery", model_id=model_id, embedding_dim=dim
        ) as gallery,
    ):
        identifier = _GalleryIdentifier(data.portraits, network.embedder, gallery, threshold)
        report = judge_photos(plan, source, identifier, lambda done: tell("photos", done, total))
        return report, fpir_points(gallery)


def _non_enrolled(
    photos: PhotosReport, thresholds: dict[float, float]
) -> tuple[NonEnrolledNamed, ...]:
    closest = np.array([one.similarity for one in photos.answers if not one.is_enrolled])
    counted = {rate: int((closest >= least).sum()) for rate, least in thresholds.items()}
    return tuple(
        NonEnrolledNamed(rate, thresholds[rate], named, clopper_pearson(named, len(closest)))
        for rate, named in counted.items()
    )


def _groups(network: Network, data: JudgeData, config: JudgeConfig, tell: Tell) -> GroupsReport:
    rows = embedded(network.embedder, data.non_enrolled, "groups", tell)
    everybody = np.arange(len(rows))
    threshold = impostor_threshold(rows, everybody, GROUPS_FMR_DEFAULT)
    return judge_groups(
        GroupedFaces(rows, everybody, data.groups),
        threshold,
        network.embedder.model_id,
        fmr=GROUPS_FMR_DEFAULT,
        config=config.bootstrap,
    )
