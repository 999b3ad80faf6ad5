"""Average precision of a detector: the usual figure for boxes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import ArgumentInvalid, DataInvalid
from facenet_res.core.types import Box, Detection


@dataclass(frozen=True, slots=True, eq=False)
class PrecisionRecall:
    """The trade between missed and false detections.

    Attributes:
        scores: float64[D], falling: of the detections of all images.
        precision: float64[D], share of right ones among the detections down to each score.
        recall: float64[D], share of the faces that they find.
        average_precision: area under the curve, after precision is made to fall with recall.
    """

    scores: NDArray[np.float64]
    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    average_precision: float


def precision_recall(
    found: Sequence[Sequence[Detection]], truth: Sequence[Sequence[Box]], iou_min: float = 0.5
) -> PrecisionRecall:
    """Matches detections to boxes, the best score first; a box is found once.

    Args:
        found: detections of each image, in any order.
        truth: boxes of each image.
        iou_min: least intersection over union of a match, in (0, 1].

    Raises:
        ArgumentInvalid: iou_min is out of range, or the numbers of images differ.
        DataInvalid: no image has a box.

    Source:
        Everingham et al. 2015, "The PASCAL Visual Object Classes Challenge: A Retrospective"
        (the area of 2010 and later, over all points).
    """
    if not 0 < iou_min <= 1 or len(found) != len(truth):
        raise ArgumentInvalid(
            f"need iou_min in (0, 1] and as many images on both sides, got {iou_min}, "
            f"{len(found)} and {len(truth)}"
        )
    faces = sum(map(len, truth))
    if faces == 0:
        raise DataInvalid("average precision needs at least one box, got none")
    ranked = sorted(
        ((each.score, image, each.box) for image, some in enumerate(found) for each in some),
        key=lambda entry: -entry[0],
    )
    taken = [[False] * len(boxes) for boxes in truth]
    hits = np.zeros(len(ranked))
    for rank, (_, image, box) in enumerate(ranked):
        overlaps = [box.iou(each) for each in truth[image]]
        best = int(np.argmax(overlaps)) if overlaps else -1
        if best >= 0 and overlaps[best] >= iou_min and not taken[image][best]:
            taken[image][best] = True
            hits[rank] = 1
    right = np.cumsum(hits)
    precision, recall = right / np.arange(1, len(hits) + 1), right / faces
    falling = np.maximum.accumulate(precision[::-1])[::-1]
    area = float(np.sum(np.diff(np.concatenate([[0.0], recall])) * falling))
    return PrecisionRecall(np.array([each[0] for each in ranked]), precision, recall, area)
