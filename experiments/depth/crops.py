"""Small pictures of a few people, in memory, and which of them make up a batch."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import DataInvalid
from facenet_res.data.crops import Crop, fingerprint
from facenet_res.imaging.warp import resize

SIDE_PX = 32
# Networks want values around 0 of about unit size; the crops' own deviation is about a quarter
# of the range.
CENTRE, SPREAD = 127.5, 64.0


@dataclass(frozen=True, slots=True, eq=False)
class SmallCrops:
    """A set to classify.

    Attributes:
        images: uint8[N, 32, 32, 3] RGB.
        labels: int32[N], the number of the person.
        classes: how many people.
        sha256: of the crops they were made from.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int32]
    classes: int
    sha256: str


def choose_crops(crops: Iterable[Crop], identities: int, crops_each: int) -> list[Crop]:
    """As many crops of each of the people who have the most, by name where they have as many.

    Raises:
        DataInvalid: too few people have enough crops with a sure label.
    """
    sure = [crop for crop in crops if crop.identity and crop.is_label_sure]
    counts = Counter(crop.identity for crop in sure)
    enough = sorted(
        (name for name, count in counts.items() if count >= crops_each),
        key=lambda name: (-counts[name], name),
    )
    if len(enough) < identities:
        raise DataInvalid(
            f"need {identities} people with {crops_each} crops or more, found {len(enough)}"
        )
    taken: Counter[str] = Counter()
    chosen = []
    for crop in sure:
        if crop.identity in enough[:identities] and taken[crop.identity] < crops_each:
            taken[crop.identity] += 1
            chosen.append(crop)
    return chosen


def shrink(crops: list[Crop]) -> SmallCrops:
    """Decodes crops to 32x32 px; people are numbered by their names' order.

    Raises:
        DataInvalid: a crop cannot be decoded.
    """
    names = sorted({crop.identity for crop in crops})
    images = np.stack([resize(crop.decode(), SIDE_PX, SIDE_PX) for crop in crops])
    labels = np.asarray([names.index(crop.identity) for crop in crops], np.int32)
    return SmallCrops(images, labels, len(names), fingerprint(crops))


def batch_at(
    small: SmallCrops, batch_size: int, seed: int, step: int
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """The batch of a step, a function of seed and step alone; half of it is mirrored.

    Returns:
        float32[B, 32, 32, 3] around 0, and int32[B] labels.
    """
    rng: Any = np.random.default_rng((seed, step))
    chosen = rng.choice(len(small.images), batch_size, replace=False)
    images = (small.images[chosen].astype(np.float32) - CENTRE) / SPREAD
    mirrored = rng.random(batch_size) < 0.5
    images[mirrored] = images[mirrored, :, ::-1]
    return images, small.labels[chosen]
