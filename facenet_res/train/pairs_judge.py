"""Evaluation on pairs of images, such as LFW's, during a run."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from facenet_res.core.arrays import unit_norm
from facenet_res.core.types import Embeddings, Faces
from facenet_res.data.location import data_path
from facenet_res.data.pairs import PairSet, read_pairs
from facenet_res.evaluation.image_source import open_images
from facenet_res.evaluation.pairs import located
from facenet_res.evaluation.subjects import subject_in
from facenet_res.evaluation.verification import kfold_accuracy
from facenet_res.faces.image_faces import detect_faces
from facenet_res.faces.open import open_detector
from facenet_res.imaging.lazy_image import LazyImage
from facenet_res.train.config import PairsConfig

BATCH = 64
FACES_MAX = 64


@dataclass(frozen=True, slots=True, eq=False)
class PairsJudge:
    """Pairs and their aligned faces, ready to be embedded again and again.

    Attributes:
        pairs: with at least two folds.
        faces: uint8[N, 112, 112, 3], in the order of `pairs.images`.
    """

    pairs: PairSet
    faces: Faces

    def accuracy(self, embed: Callable[[Faces], Embeddings]) -> float:
        """Ten-fold accuracy of f(x) + f(mirrored x), in [0, 1]."""
        parts = []
        for start in range(0, len(self.faces), BATCH):
            batch = self.faces[start : start + BATCH]
            parts.append(unit_norm(embed(batch) + embed(np.ascontiguousarray(batch[:, :, ::-1]))))
        rows = np.concatenate(parts)
        similarities = (rows[self.pairs.first] * rows[self.pairs.second]).sum(axis=1)
        return kfold_accuracy(similarities, self.pairs.is_same, self.pairs.folds).mean


def open_pairs_judge(config: PairsConfig) -> PairsJudge | None:
    """Detects and aligns the subject of every image once; None where no pairs are given.

    Raises:
        FileMissing: the pairs or images of them are absent.
        DataInvalid: the pairs break their format.
    """
    if not config.images:
        return None
    pairs = read_pairs(data_path(config.file))
    detector = open_detector()
    with open_images(data_path(config.images)) as source:
        images = (LazyImage.open(source.read(name)) for name in located(pairs, source.names))
        crops = [
            subject_in(image, detect_faces(image, detector, FACES_MAX)).crop for image in images
        ]
    return PairsJudge(pairs, np.stack(crops))
