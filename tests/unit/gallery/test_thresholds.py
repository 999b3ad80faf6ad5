"""Thresholds keep the rate that was asked for, on people whom the gallery has never seen."""

import numpy as np
import pytest

from facenet_res.core.arrays import unit_norm
from facenet_res.core.errors import ArgumentInvalid, CalibrationUnsupported
from facenet_res.core.types import Embeddings
from facenet_res.gallery import deciding
from facenet_res.gallery.gallery import EmbeddingGallery
from facenet_res.gallery.sqlite_store import SqliteStore
from facenet_res.gallery.thresholds import (
    ImpostorScores,
    fmr_point,
    fpir_point,
    histogram_of,
)
from facenet_res.gallery.types import Enrollment, GalleryInfo

DIM = 48


def people_of(count: int, faces: int, seed: int) -> tuple[Embeddings, list[int]]:
    """Faces around a direction for each person."""
    generator = np.random.default_rng(seed)
    centres = generator.normal(size=(count, 1, DIM))
    spread = generator.normal(size=(count, faces, DIM)) * 0.5
    vectors = unit_norm((centres + spread).reshape(-1, DIM))
    return vectors, np.repeat(np.arange(count), faces).tolist()


def scores_of(best: object, people: int) -> ImpostorScores:
    scores = np.asarray(best, np.float32)
    return ImpostorScores(people, people, np.arange(len(scores)), scores, histogram_of(scores))


def test_the_quantile_of_many_scores_is_their_order_statistic() -> None:
    best = np.linspace(0, 1, 2001)
    point = fpir_point(scores_of(best, 2001), 0.05, 2000)
    assert point.threshold == pytest.approx(0.95, abs=1e-3)
    assert point.rate_low < 0.05 < point.rate_high
    assert point.threshold_low < point.threshold < point.threshold_high


def test_an_exponential_tail_is_extrapolated_to_its_quantile() -> None:
    best = 0.2 + 0.03 * np.random.default_rng(0).exponential(size=400)
    point = fpir_point(scores_of(best, 401), 0.01, 400)
    assert point.threshold == pytest.approx(0.2 + 0.03 * np.log(100), abs=0.02)
    assert point.rate_low < 0.01 < point.rate_high


def test_more_people_need_a_higher_threshold() -> None:
    scores = scores_of(0.2 + 0.03 * np.random.default_rng(0).exponential(size=400), 401)
    thresholds = [fpir_point(scores, 0.01, people).threshold for people in (300, 400, 440)]
    assert thresholds == sorted(thresholds)
    assert thresholds[0] < thresholds[-1]


def test_too_few_people_support_no_fpir_and_no_small_fmr() -> None:
    few = scores_of(np.linspace(0.1, 0.3, 19), 19)
    with pytest.raises(CalibrationUnsupported, match="19 people; a threshold for an FPIR needs 20"):
        fpir_point(few, 0.01, 19)
    with pytest.raises(CalibrationUnsupported, match="pairs of people support an FMR of"):
        fmr_point(few, 1e-3)
    for rate in (0.0, 1.0, -1.0):
        with pytest.raises(ArgumentInvalid, match="between 0 and 1"):
            fpir_point(few, rate, 19)
        with pytest.raises(ArgumentInvalid, match="between 0 and 1"):
            fmr_point(few, rate)


@pytest.fixture
def empty(tmp_path: object) -> EmbeddingGallery:
    return EmbeddingGallery(
        SqliteStore.create(tmp_path, GalleryInfo("m", DIM, 0.0), ballast_bytes=0)
    )


@pytest.mark.parametrize(("people", "faces", "fpir"), [(100, 3, 0.05), (1000, 1, 0.01)])
def test_the_rate_of_people_never_enrolled_lies_in_the_interval(
    empty: EmbeddingGallery, people: int, faces: int, fpir: float
) -> None:
    vectors, owners = people_of(people, faces, seed=1)
    empty.enroll_many(
        [
            Enrollment(person_id=f"p{owner}", embedding=vector)
            for owner, vector in zip(owners, vectors, strict=True)
        ]
    )
    strangers, _ = people_of(3000, 1, seed=2)

    point = empty.operating_point(fpir=fpir)
    answers = empty.identify(strangers, fpir=fpir, k=1)

    seen = sum(answer.is_known for answer in answers) / len(answers)
    assert point.rate_low <= seen <= point.rate_high
    assert point.rate_high < 3 * fpir
    assert {answer.fpir for answer in answers} == {fpir}
    assert {answer.threshold for answer in answers} == {point.threshold}
    empty.close()


def test_an_fmr_is_that_of_one_comparison(empty: EmbeddingGallery) -> None:
    vectors, owners = people_of(200, 1, seed=1)
    empty.enroll_many(
        [
            Enrollment(person_id=f"p{n}", embedding=face)
            for n, face in zip(owners, vectors, strict=True)
        ]
    )
    strangers, _ = people_of(500, 1, seed=2)

    point = empty.operating_point(fmr=1e-2)

    seen = float((strangers @ vectors.T >= point.threshold).mean())
    assert point.rate_low <= seen <= point.rate_high
    with pytest.raises(CalibrationUnsupported):
        empty.operating_point(fmr=1e-6)
    empty.close()


def test_a_small_gallery_takes_the_models_calibration_for_each_of_its_people(
    empty: EmbeddingGallery,
) -> None:
    vectors, _ = people_of(4, 1, seed=1)
    for number, vector in enumerate(vectors):
        empty.enroll(f"p{number}", vector)
    with pytest.raises(CalibrationUnsupported, match="4 people"):
        empty.identify(vectors[:1])
    asked: list[float] = []

    def threshold_at_fmr(fmr: float) -> float:
        asked.append(fmr)
        return 0.7

    gallery = EmbeddingGallery(empty.store, threshold_at_fmr=threshold_at_fmr)
    (answer,) = gallery.identify(vectors[:1])
    assert (answer.threshold, answer.fpir, answer.person_id) == (0.7, 0.01, "p0")
    assert gallery.operating_point(fmr=1e-3).fmr == 1e-3
    assert asked == [0.01 / 4, 1e-3]
    with pytest.raises(ArgumentInvalid, match="one of fpir, fmr and threshold"):
        gallery.identify(vectors[:1], fpir=0.01, threshold=0.5)
    gallery.close()


def test_the_threshold_follows_the_gallery_as_it_grows(empty: EmbeddingGallery) -> None:
    vectors, _ = people_of(400, 1, seed=1)
    thresholds = []
    for begin in range(0, 400, 100):
        empty.enroll_many(
            [Enrollment(person_id=f"p{n}", embedding=vectors[n]) for n in range(begin, begin + 100)]
        )
        thresholds.append(empty.operating_point(fpir=0.05).threshold)
    assert thresholds[-1] > thresholds[0]
    empty.close()


def enroll_all(gallery: EmbeddingGallery, vectors: Embeddings, begin: int = 0) -> None:
    gallery.enroll_many(
        [Enrollment(person_id=f"p{n}", embedding=v) for n, v in enumerate(vectors, start=begin)]
    )


def test_the_threshold_follows_people_who_were_replaced_by_as_many(
    empty: EmbeddingGallery,
) -> None:
    vectors, _ = people_of(200, 1, seed=1)
    enroll_all(empty, vectors[:100])
    before = empty.operating_point(fpir=0.05)
    # As many others, who resemble each other more.
    close = unit_norm(vectors[100:] + 0.6 * vectors[:1])
    empty.delete_people([f"p{n}" for n in range(100)])
    enroll_all(empty, close, 100)

    after = empty.operating_point(fpir=0.05)

    assert after.threshold > before.threshold_high
    empty.close()


def test_people_without_a_face_do_not_count(empty: EmbeddingGallery) -> None:
    vectors, _ = people_of(60, 1, seed=1)
    enroll_all(empty, vectors)
    before = empty.operating_point(fpir=0.05)
    for number in range(40):
        empty.move_faces([], f"empty-{number}")
    assert empty.operating_point(fpir=0.05) == before
    empty.delete_people([f"p{n}" for n in range(50)])
    with pytest.raises(CalibrationUnsupported, match="10 people"):
        empty.operating_point(fpir=0.05)
    empty.close()


@pytest.mark.parametrize("faces", [1, 3])
def test_a_few_people_enrolled_twice_do_not_move_the_threshold(
    empty: EmbeddingGallery, faces: int
) -> None:
    vectors, owners = people_of(200, faces, seed=1)
    again = unit_norm(vectors + 0.05 * np.random.default_rng(3).normal(size=vectors.shape))
    people = [f"p{owner}" for owner in owners]
    empty.enroll_many(
        [Enrollment(person_id=p, embedding=v) for p, v in zip(people, vectors, strict=True)]
    )
    before = empty.operating_point(fpir=0.01)
    # Six of 200 people a second time, under another id.
    empty.enroll_many(
        [
            Enrollment(person_id=f"twin-{person}", embedding=vector)
            for person, vector in zip(people[: 6 * faces], again, strict=False)
        ]
    )
    for number in range(40):
        empty.enroll("other", vectors[0], face_id=f"moved-{number}")
        empty.delete_face(f"moved-{number}")

    after = empty.operating_point(fpir=0.01)

    assert before.threshold_low < after.threshold < before.threshold_high
    strangers, _ = people_of(2000, 1, seed=2)
    seen = np.mean([one.is_known for one in empty.identify(strangers, fpir=0.01, k=1)])
    assert after.rate_low <= seen <= after.rate_high
    empty.close()


def test_in_a_large_gallery_people_are_counted_by_its_faces(
    empty: EmbeddingGallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors, _ = people_of(320, 1, seed=1)
    enroll_all(empty, vectors[:300])
    exact = empty.operating_point(fpir=0.05)
    monkeypatch.setattr(deciding, "FACES_COUNTED", 100)
    counted = empty.operating_point(fpir=0.05)
    # Rounded up by at most a hundredth, so that it is rather too strict.
    assert exact.threshold <= counted.threshold < exact.threshold + 0.005
    # Without another sample, more people need a higher threshold.
    enroll_all(empty, vectors[300:310], 300)
    assert empty.operating_point(fpir=0.05).threshold > counted.threshold
    empty.close()
