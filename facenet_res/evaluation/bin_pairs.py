"""A verification set of aligned faces (`.bin`): embedded and judged."""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.arrays import cosine
from facenet_res.core.embedder import Embedder
from facenet_res.core.errors import DataInvalid, InputError
from facenet_res.core.types import FACE_SIDE_PX, Image
from facenet_res.data.bin_set import BinSet
from facenet_res.evaluation.bootstrap import BootstrapConfig, pair_units
from facenet_res.evaluation.verification_report import (
    Measured,
    ScoredPairSet,
    VerificationReport,
    judge_scores,
)
from facenet_res.imaging.decode import decode_image

BATCH_MAX: Final = 32
FOLDS: Final = 10


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
    rows = []
    for start in range(0, len(pairs.images), BATCH_MAX):
        part = pairs.images[start : start + BATCH_MAX]
        faces = [_face(image, start + offset) for offset, image in enumerate(part)]
        rows.append(embedder.embed(np.stack(faces)))
        if on_progress is not None:
            on_progress(start + len(part))
    embeddings = np.concatenate(rows)
    scored = ScoredPairSet(
        similarities=cosine(embeddings[0::2], embeddings[1::2]),
        is_same=pairs.is_same,
        units=pair_units(len(pairs)),
        folds=neighbouring_folds(len(pairs)) if len(pairs) >= 2 * FOLDS else (),
    )
    measured = Measured(model_id=embedder.model_id, photographs=len(pairs.images))
    return judge_scores(scored, measured, config)


def neighbouring_folds(pairs: int) -> NDArray[np.int64]:
    """The fold of each pair, 0 to 9: runs of neighbours, of one length or one pair longer.

    The same as scikit-learn's `KFold(n_splits=10, shuffle=False)`.
    """
    sizes = np.full(FOLDS, pairs // FOLDS)
    sizes[: pairs % FOLDS] += 1
    return np.repeat(np.arange(FOLDS), sizes)


def _face(data: bytes, number: int) -> Image:
    try:
        image = decode_image(data)
    except InputError as error:
        raise DataInvalid(f"image {number} of the set: {error}") from error
    if image.shape[:2] != (FACE_SIDE_PX, FACE_SIDE_PX):
        raise DataInvalid(
            f"image {number} of the set is {image.shape[1]}x{image.shape[0]} px, an aligned face "
            f"is {FACE_SIDE_PX}x{FACE_SIDE_PX}"
        )
    return image
