"""IJB's protocols on a small set in its formats, against plain loops over it."""

from pathlib import Path

import numpy as np
import pytest

from facenet_res.core.arrays import unit_norm
from facenet_res.core.errors import ArrayInvalid, DataInvalid, FileMissing
from facenet_res.core.types import Embeddings
from facenet_res.data.templates import (
    TemplatePairs,
    TemplateSet,
    read_identification,
    read_template_pairs,
    read_template_set,
)
from facenet_res.evaluation.bootstrap import BootstrapConfig
from facenet_res.evaluation.ijb import (
    PooledTemplates,
    embed_template_images,
    judge_galleries,
    judge_template_pairs,
    pool_templates,
)
from tests.fakes import FakeEmbedder
from tests.ijb_files import IjbFiles, write_ijb

FAST = BootstrapConfig(rounds=20)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> IjbFiles:
    return write_ijb(tmp_path_factory.mktemp("ijb") / "IJBC")


@pytest.fixture(scope="module")
def templates(files: IjbFiles) -> TemplateSet:
    return read_template_set(files.folder)


@pytest.fixture(scope="module")
def noisy(files: IjbFiles) -> Embeddings:
    """A direction for each subject and a lot of noise: some pairs go wrong."""
    random = np.random.default_rng(2)
    centres = random.normal(size=(8, 16))
    subject = [files.subject_of[template] for _, template, _ in files.rows]
    return unit_norm(centres[subject] + 1.6 * random.normal(size=(len(subject), 16)))


def pooled_by_loops(files: IjbFiles, rows: Embeddings, template: int) -> np.ndarray:
    """As the protocol says: mean of a medium's images, sum of the media, unit length."""
    own = [number for number, row in enumerate(files.rows) if row[1] == template]
    media = {files.rows[number][2] for number in own}
    total = np.zeros(rows.shape[1])
    for medium in media:
        images = [number for number in own if files.rows[number][2] == medium]
        total += sum(rows[n].astype(float) * files.scores[n] for n in images) / len(images)
    return total / np.linalg.norm(total)


def test_templates_are_pooled_by_medium(
    files: IjbFiles, templates: TemplateSet, noisy: Embeddings
) -> None:
    pooled = pool_templates(noisy, templates)
    assert pooled.ids.tolist() == sorted(files.subject_of)
    for template, row in zip(pooled.ids.tolist(), pooled.embeddings, strict=True):
        np.testing.assert_allclose(row, pooled_by_loops(files, noisy, template), atol=1e-5)


def test_without_scores_every_image_weighs_the_same(
    templates: TemplateSet, noisy: Embeddings
) -> None:
    pooled = pool_templates(noisy, templates, uses_scores=False)
    # Template 1: a film of images 0 and 1, and image 2.
    expected = (noisy[0] + noisy[1]) / 2 + noisy[2]
    np.testing.assert_allclose(pooled.embeddings[0], expected / np.linalg.norm(expected), atol=1e-5)


def test_pairs_of_templates_agree_with_counting(
    files: IjbFiles, templates: TemplateSet, noisy: Embeddings
) -> None:
    pooled = pool_templates(noisy, templates)
    report = judge_template_pairs(pooled, read_template_pairs(templates), "m-1", FAST)

    scores = {
        (e, p): float(pooled_by_loops(files, noisy, e) @ pooled_by_loops(files, noisy, p))
        for e in range(1, 80, 10)
        for p in [10 * s + n for s in range(8) for n in (2, 3)]
    }
    genuine = [score for (e, p), score in scores.items() if e // 10 == p // 10]
    impostor = sorted((s for (e, p), s in scores.items() if e // 10 != p // 10), reverse=True)
    assert (report.genuine_pairs, report.impostor_pairs) == (16, 112)
    # 11 of 112 may pass at 0.1: whatever is closer than the twelfth.
    (point,) = report.tar_at_far
    assert point.true_accept_rate == np.mean([score > impostor[11] for score in genuine])
    assert 0.0 < point.true_accept_rate < 1.0
    assert (report.drawn, report.drawn_count) == ("template", 24)
    assert report.accuracy is None


def test_whoever_is_in_one_gallery_is_a_stranger_to_the_other(
    files: IjbFiles, templates: TemplateSet, noisy: Embeddings
) -> None:
    pooled = pool_templates(noisy, templates)
    reports = judge_galleries(pooled, read_identification(templates), "m-1", FAST)
    assert list(reports) == ["G1", "G2"]
    for number, report in enumerate(reports.values()):
        enrolled = [40 * number + 10 * each + 1 for each in range(4)]
        hits = 0
        for probe in [e + n for e in enrolled for n in (1, 2)]:
            query = pooled_by_loops(files, noisy, probe)
            closest = max(enrolled, key=lambda e: float(query @ pooled_by_loops(files, noisy, e)))
            hits += closest // 10 == probe // 10
        assert (report.people, report.mated, report.unmated) == (4, 8, 8)
        assert report.rank_rates[0].rate == hits / 8
        assert [one.needed for one in report.refused] == [30, 300, 3000]


def test_images_are_aligned_by_the_landmarks_of_the_set(templates: TemplateSet) -> None:
    done: list[int] = []
    rows = embed_template_images(templates, FakeEmbedder(), done.append)
    report = judge_template_pairs(
        pool_templates(rows, templates), read_template_pairs(templates), "fake-1", FAST
    )
    assert done == [32, 64, 72]
    assert report.equal_error_rate < 0.1


def test_what_does_not_belong_together_is_refused(
    templates: TemplateSet, noisy: Embeddings
) -> None:
    with pytest.raises(ArrayInvalid, match="72 images need as many embeddings; got 71"):
        pool_templates(noisy[1:], templates)
    with pytest.raises(ArrayInvalid, match="not finite"):
        pool_templates(noisy * np.nan, templates)
    pooled = PooledTemplates(np.array([1, 2]), noisy[:2])
    unknown = TemplatePairs(np.array([1, 1]), np.array([2, 7]), np.array([True, False]))
    with pytest.raises(DataInvalid, match="1 templates have no image, such as 7"):
        judge_template_pairs(pooled, unknown, "m-1", FAST)


def test_a_missing_or_damaged_image_is_named(tmp_path: Path) -> None:
    files = write_ijb(tmp_path / "IJBC")
    templates = read_template_set(files.folder)
    (files.folder / "loose_crop" / "5.jpg").write_bytes(b"\xff\xd8\xff no more")
    with pytest.raises(DataInvalid, match=r"5\.jpg"):
        embed_template_images(templates, FakeEmbedder())
    (files.folder / "loose_crop" / "2.jpg").unlink()
    with pytest.raises(FileMissing, match=r"2\.jpg"):
        embed_template_images(templates, FakeEmbedder())
