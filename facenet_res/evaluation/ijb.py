"""IJB-B's and IJB-C's protocols: templates compared 1:1, and searched in two galleries 1:N.

An image's embedding is weighted by the detector's score, images of one film are averaged, the
averages of all images and films are added up, and the sum is brought to unit length. That is
what InsightFace's evaluation does; it differs from ours in one thing: there an image also counts by
the length of its raw embedding, which our embedders do not give (its published "N0" against "N1").

In the 1:N protocol every probe is searched in each of the two galleries, as the benchmark's paper
says: whoever is enrolled in one is not enrolled in the other. (InsightFace's script puts both
galleries together and has no non-enrolled people.)

Source:
    Maze et al. 2018, "IARPA Janus Benchmark - C", sections 4.2 and 4.3;
    deepinsight/insightface, `recognition/_evaluation_/ijb`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.arrays import unit_norm
from facenet_res.core.embedder import Embedder
from facenet_res.core.errors import ArrayInvalid, DataInvalid, InputError
from facenet_res.core.types import Embeddings, Image
from facenet_res.data.templates import (
    IMAGE_FOLDER,
    IdentificationProtocol,
    TemplatePairs,
    TemplateSet,
    TemplateSubjects,
)
from facenet_res.evaluation.bootstrap import BootstrapConfig, shared_units
from facenet_res.evaluation.identification import UNKNOWN
from facenet_res.evaluation.identification_report import (
    IdentificationReport,
    judge_identification,
)
from facenet_res.evaluation.image_source import open_images
from facenet_res.evaluation.subjects import embed_batches
from facenet_res.evaluation.verification_report import (
    Measured,
    ScoredPairSet,
    VerificationReport,
    judge_scores,
)
from facenet_res.faces.align import align_face
from facenet_res.imaging.decode import decode_image

PAIRS_AT_ONCE: Final = 100_000


@dataclass(frozen=True, slots=True, eq=False)
class PooledTemplates:
    """One embedding for each template.

    Attributes:
        ids: int64[T], rising.
        embeddings: float32[T, D], unit rows.
    """

    ids: NDArray[np.int64]
    embeddings: Embeddings

    def of(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """The rows of templates.

        Raises:
            DataInvalid: a template has no image.
        """
        rows = np.minimum(np.searchsorted(self.ids, ids), len(self.ids) - 1)
        if (absent := ids[self.ids[rows] != ids]).size:
            raise DataInvalid(f"{len(absent)} templates have no image, such as {absent[0]}")
        return rows


def embed_template_images(
    templates: TemplateSet,
    embedder: Embedder,
    on_progress: Callable[[int], None] | None = None,
) -> Embeddings:
    """Aligns each image by the landmarks of the set and embeds it: float32[N, D].

    Raises:
        FileMissing: an image is not there.
        DataInvalid: an image is damaged; the message names it.
    """
    with open_images(templates.folder / IMAGE_FOLDER) as source:
        pairs = zip(templates.images, templates.landmarks, strict=True)
        crops = (_aligned(source.read(name), landmarks, name) for name, landmarks in pairs)
        return embed_batches(crops, embedder, on_progress)


def pool_templates(
    embeddings: Embeddings, templates: TemplateSet, *, uses_scores: bool = True
) -> PooledTemplates:
    """One embedding for each template: see the head of this file.

    Args:
        embeddings: float32[N, D], unit rows, of the set's images in their order.
        templates: which image belongs to which template and medium.
        uses_scores: whether the detector's score weighs an image.

    Raises:
        ArrayInvalid: the lengths differ, or a template's sum has no direction.
    """
    if len(embeddings) != len(templates.images):
        raise ArrayInvalid(
            f"{len(templates.images)} images need as many embeddings; got {len(embeddings)}"
        )
    weights = templates.scores if uses_scores else np.ones(len(embeddings), np.float32)
    # float32: IJB-C has 470,000 images, a gigabyte at 512 values each.
    rows = embeddings * weights[:, None]
    # A film may stand in several templates: a medium is one of its template.
    keys = np.stack([templates.templates, templates.media], axis=1)
    media, medium_of, images = np.unique(keys, axis=0, return_inverse=True, return_counts=True)
    ids, template_of = np.unique(media[:, 0], return_inverse=True)
    media_rows = _sums(rows, medium_of.reshape(-1), len(media)) / images[:, None]
    return PooledTemplates(ids, unit_norm(_sums(media_rows, template_of, len(ids))))


def judge_template_pairs(
    pooled: PooledTemplates,
    pairs: TemplatePairs,
    model_id: str,
    config: BootstrapConfig | None = None,
) -> VerificationReport:
    """The 1:1 protocol. Intervals draw templates: the file does not say who is on them.

    Raises:
        DataInvalid: a kind of pair is missing, or there are fewer than 3 templates.
    """
    first, second = pooled.of(pairs.first), pooled.of(pairs.second)
    similarities = np.concatenate(
        [
            np.einsum(
                "pd,pd->p",
                pooled.embeddings[first[start : start + PAIRS_AT_ONCE]],
                pooled.embeddings[second[start : start + PAIRS_AT_ONCE]],
            )
            for start in range(0, len(first), PAIRS_AT_ONCE)
        ]
    )
    scored = ScoredPairSet(
        similarities=similarities,
        is_same=pairs.is_same,
        units=shared_units(first, second, "template"),
    )
    return judge_scores(scored, Measured(model_id=model_id), config)


def judge_galleries(
    pooled: PooledTemplates,
    protocol: IdentificationProtocol,
    model_id: str,
    config: BootstrapConfig | None = None,
) -> dict[str, IdentificationReport]:
    """The 1:N protocol: a report for each gallery, by its name.

    Raises:
        DataInvalid: a gallery has no mated or no unmated probe.
    """
    return {
        name: _judge_gallery(pooled, gallery, protocol.probes, model_id, config)
        for name, gallery in protocol.galleries.items()
    }


def _aligned(data: bytes, landmarks: NDArray[np.float32], name: str) -> Image:
    try:
        return align_face(decode_image(data), landmarks)
    except InputError as error:
        raise DataInvalid(f"{name}: {error}") from error


def _judge_gallery(
    pooled: PooledTemplates,
    gallery: TemplateSubjects,
    probes: TemplateSubjects,
    model_id: str,
    config: BootstrapConfig | None,
) -> IdentificationReport:
    order = np.argsort(gallery.subjects)
    subjects = gallery.subjects[order]
    place = np.minimum(np.searchsorted(subjects, probes.subjects), len(subjects) - 1)
    people = np.where(subjects[place] == probes.subjects, place, UNKNOWN)
    similarities = (
        pooled.embeddings[pooled.of(probes.templates)]
        @ pooled.embeddings[pooled.of(gallery.templates[order])].T
    )
    units = shared_units(probes.subjects, probes.subjects)
    return judge_identification(similarities, people, units, model_id, config)


def _sums(rows: NDArray[Any], group: NDArray[np.int64], groups: int) -> NDArray[Any]:
    """The sum of the rows of each group: [groups, D]."""
    order = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[order], np.arange(groups))
    sums: NDArray[Any] = np.add.reduceat(rows[order], starts, axis=0)
    return sums
