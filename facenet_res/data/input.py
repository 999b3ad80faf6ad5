"""From crops to batches: shuffled, augmented, mixed, and made ahead of the step.

Batch number n is a function of the seed and n alone. A run that is killed and
resumed therefore sees exactly the batches that an unbroken run would have seen.
"""

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import ConfigInvalid
from facenet_res.core.types import Faces
from facenet_res.data.augment import AugmentConfig, augment
from facenet_res.data.crops import Crop

NO_LABEL = -1
NO_VIEW = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class InputConfig:
    """How batches are made.

    Attributes:
        batch_size: crops a batch.
        seed: decides the order and every augmentation.
        mixup: share of the batch blended with another crop of it; those lose their label and
            serve distillation only. In [0, 1].
        views: different augmentations a crop gets before they come round again, so that a
            teacher's answer can be kept; 0 makes a fresh one every time.
        workers: threads that decode and augment.
        prefetch: batches made ahead, at most.
    """

    batch_size: int = 64
    seed: int = 0
    mixup: float = 0.0
    views: int = 0
    workers: int = 2
    prefetch: int = 4

    def __post_init__(self) -> None:
        if self.batch_size < 2 or self.workers < 1 or self.prefetch < 1:
            raise ConfigInvalid(f"need batch_size >= 2, workers >= 1, prefetch >= 1, got {self}")
        if not 0 <= self.mixup <= 1 or self.views < 0:
            raise ConfigInvalid(f"need input.mixup in [0, 1] and views >= 0, got {self}")
        if self.mixup and self.views:
            raise ConfigInvalid("input.mixup makes every picture new: set views to 0")


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """What one step learns from.

    Attributes:
        faces: uint8[B, 112, 112, 3] RGB.
        labels: int32[B], -1 for a crop without an identity.
        view_ids: int64[B], one number for each picture that comes again; -1 for one that does not.
    """

    faces: Faces
    labels: NDArray[np.int32]
    view_ids: NDArray[np.int64]


def class_labels(crops: list[Crop]) -> tuple[NDArray[np.int32], list[str]]:
    """Numbers the identities of crops.

    Returns:
        int32[N], -1 where a crop has no sure identity, and the identity of each number.
    """
    identities = sorted({crop.identity for crop in crops if crop.identity and crop.is_label_sure})
    numbers = {identity: number for number, identity in enumerate(identities)}
    labels = [numbers[c.identity] if c.identity and c.is_label_sure else NO_LABEL for c in crops]
    return np.asarray(labels, np.int32), identities


def batches(
    crops: list[Crop], config: InputConfig, changes: AugmentConfig, *, first: int = 0
) -> Generator[Batch, None, None]:
    """Endless batches, beginning with number `first`, several made at a time in threads.

    Raises:
        ConfigInvalid: there are fewer crops than a batch holds.
        DataInvalid: a crop cannot be decoded.
    """
    if len(crops) < config.batch_size:
        raise ConfigInvalid(f"batch_size is {config.batch_size}, but there are {len(crops)} crops")
    labels, _ = class_labels(crops)
    with ThreadPoolExecutor(config.workers, thread_name_prefix="input") as pool:
        waiting = [
            pool.submit(make_batch, crops, labels, config, changes, first + ahead)
            for ahead in range(config.prefetch)
        ]
        number = first + config.prefetch
        try:
            while True:
                batch = waiting.pop(0).result()
                waiting.append(pool.submit(make_batch, crops, labels, config, changes, number))
                number += 1
                yield batch
        finally:
            for future in waiting:
                future.cancel()


def make_batch(
    crops: list[Crop],
    labels: NDArray[np.int32],
    config: InputConfig,
    changes: AugmentConfig,
    number: int,
) -> Batch:
    """Batch `number` of the run, the same whenever and wherever it is made."""
    chosen, epochs = places(len(crops), config, number)
    if config.views:
        view_ids = chosen * config.views + epochs % config.views
        seeds = [[config.seed, 1, int(view)] for view in view_ids]
    else:
        view_ids = np.full(len(chosen), NO_VIEW)
        seeds = [[config.seed, 2, number, place] for place in range(len(chosen))]
    faces = np.stack(
        [
            augment(crops[crop].decode(), changes, np.random.default_rng(seed))
            for crop, seed in zip(chosen, seeds, strict=True)
        ]
    )
    truth = labels[chosen]
    mixed = round(config.mixup * config.batch_size)
    if mixed:
        faces, truth = _mix(faces, truth, mixed, np.random.default_rng((config.seed, 3, number)))
    return Batch(faces, truth, view_ids)


def places(
    total: int, config: InputConfig, number: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Crop and epoch of each place of batch `number`, in an endless row of permutations.

    Returns:
        int64[B] into `total` crops, and int64[B] from 0.
    """
    positions = np.arange(number * config.batch_size, (number + 1) * config.batch_size)
    epochs = positions // total
    chosen = np.empty(config.batch_size, np.int64)
    for epoch in np.unique(epochs):
        order = np.random.default_rng((config.seed, 0, int(epoch))).permutation(total)
        here = epochs == epoch
        chosen[here] = order[positions[here] % total]
    return chosen, epochs


def _mix(
    faces: Faces, labels: NDArray[np.int32], mixed: int, rng: np.random.Generator
) -> tuple[Faces, NDArray[np.int32]]:
    shares = rng.uniform(0.3, 0.7, (mixed, 1, 1, 1)).astype(np.float32)
    partners = faces[np.roll(np.arange(len(faces)), 1)[:mixed]]
    blended = shares * faces[:mixed] + (1 - shares) * partners
    faces, labels = faces.copy(), labels.copy()
    faces[:mixed] = blended.astype(np.uint8)
    labels[:mixed] = NO_LABEL
    return faces, labels
