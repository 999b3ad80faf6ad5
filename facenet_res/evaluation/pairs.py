"""Pairs of images: LFW's 6,000, a table of one's own, or a verification set (`.bin`)."""

from collections.abc import Callable, Sequence
from pathlib import PurePosixPath
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.arrays import check_embeddings, cosine
from facenet_res.core.embedder import Embedder
from facenet_res.core.errors import ArgumentInvalid, ArrayInvalid, FileMissing
from facenet_res.data.bin_set import BinSet
from facenet_res.data.pairs import PairSet
from facenet_res.evaluation.bootstrap import (
    BootstrapConfig,
    DrawnUnits,
    pair_units,
    people_or_pairs,
)
from facenet_res.evaluation.subjects import EmbeddedSubjects, embed_batches, read_crop
from facenet_res.evaluation.verification import dealt_folds
from facenet_res.evaluation.verification_report import (
    Measured,
    ScoredPairSet,
    VerificationReport,
    judge_scores,
)

MISSING_NAMED_MAX = 3
FOLDS: Final = 10


def located(pairs: PairSet, names: Sequence[str]) -> tuple[str, ...]:
    """Where each image of the pairs stands in a source: its name there, in their order.

    The source may hold the people's folders inside other folders, as LFW's own archive does.

    Raises:
        FileMissing: some are not there; the message counts them and names the first.
    """
    by_end = {"/".join(PurePosixPath(name).parts[-2:]): name for name in names}
    missing = [photo for photo in pairs.images if photo not in by_end]
    if missing:
        raise FileMissing(
            f"{len(missing)} of {len(pairs.images)} images of the pairs are missing: "
            f"{', '.join(missing[:MISSING_NAMED_MAX])}"
            f"{', ...' if len(missing) > MISSING_NAMED_MAX else ''}"
        )
    return tuple(by_end[photo] for photo in pairs.images)


def thinned(pairs: PairSet, pairs_max: int) -> PairSet:
    """Every second, third, ... pair, so that at most so many are left; all of them for 0.

    Raises:
        ArgumentInvalid: the number is negative.
    """
    if pairs_max < 0:
        raise ArgumentInvalid(f"pairs_max must be at least 0 (all), got {pairs_max}")
    if not 0 < pairs_max < len(pairs):
        return pairs
    return every(pairs, -(-len(pairs) // pairs_max))


def every(pairs: PairSet, step: int) -> PairSet:
    """Each `step`-th pair, from the first on, with the images that these need."""
    first, second = pairs.first[::step], pairs.second[::step]
    kept, places = np.unique(np.concatenate([first, second]), return_inverse=True)
    return PairSet(
        images=tuple(pairs.images[number] for number in kept.tolist()),
        first=places[: len(first)],
        second=places[len(first) :],
        is_same=pairs.is_same[::step],
        folds=pairs.folds[::step],
    )


def judge_pairs(
    pairs: PairSet,
    images: EmbeddedSubjects,
    model_id: str,
    units: DrawnUnits | None = None,
) -> VerificationReport:
    """The figures of embedded images.

    Args:
        pairs: the labelled pairs; where they have one fold only, `dealt_folds` makes ten.
        images: in the order of `pairs.images`.
        model_id: names the weights in the report.
        units: what the intervals draw anew; the people after whom the images' folders are
            named, where None.

    Raises:
        ArrayInvalid: an embedding is not finite or not of unit length, or their number differs
            from that of the images.
        DataInvalid: the pairs lack a kind.
    """
    if len(images.embeddings) != len(pairs.images):
        raise ArrayInvalid(
            f"{len(pairs.images)} images need as many embeddings; got {len(images.embeddings)}"
        )
    rows = check_embeddings(images.embeddings, images.embeddings.shape[-1])
    has_folds = len(np.unique(pairs.folds)) > 1
    scored = ScoredPairSet(
        similarities=cosine(rows[pairs.first], rows[pairs.second]),
        is_same=pairs.is_same,
        units=units or people_units(pairs),
        folds=pairs.folds if has_folds else dealt_folds(pairs.is_same),
    )
    measured = Measured(
        model_id=model_id,
        images=len(pairs.images),
        without_face=images.without_face,
        with_several_faces=images.with_several_faces,
    )
    return judge_scores(scored, measured)


def judge_bin_set(
    pairs: BinSet,
    embedder: Embedder,
    *,
    config: BootstrapConfig | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> VerificationReport:
    """The figures of a verification set.

    Ten folds of neighbouring pairs, as InsightFace cuts them; none where there are fewer than 20
    pairs. Intervals draw pairs, since the file does not say who is on them.

    Args:
        pairs: from `read_bin_set`.
        embedder: whether it adds the mirrored face is its own matter; published figures have it.
        config: rounds and seed of the bootstrap.
        on_progress: told how many images are done.

    Raises:
        DataInvalid: an image is damaged or not 112x112 px, or a kind of pair is missing.
    """
    crops = (read_crop(image, f"image {number}") for number, image in enumerate(pairs.images))
    embeddings = embed_batches(crops, embedder, on_progress)
    scored = ScoredPairSet(
        similarities=cosine(embeddings[0::2], embeddings[1::2]),
        is_same=pairs.is_same,
        units=pair_units(len(pairs)),
        folds=neighbouring_folds(len(pairs)) if len(pairs) >= 2 * FOLDS else (),
    )
    measured = Measured(model_id=embedder.model_id, images=len(pairs.images))
    return judge_scores(scored, measured, config)


def neighbouring_folds(pairs: int) -> NDArray[np.int64]:
    """The fold of each pair, 0 to 9: runs of neighbours, of one length or one pair longer.

    The same as scikit-learn's `KFold(n_splits=10, shuffle=False)`.
    """
    sizes = np.full(FOLDS, pairs // FOLDS)
    sizes[: pairs % FOLDS] += 1
    return np.repeat(np.arange(FOLDS), sizes)


def people_units(pairs: PairSet) -> DrawnUnits:
    """The people on the pairs, by the folders of their images; the pairs, if too few."""
    people: Any = np.array([PurePosixPath(photo).parent.name for photo in pairs.images])
    return people_or_pairs(people[pairs.first], people[pairs.second])
