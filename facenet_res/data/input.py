"""From crops to batches: shuffled, augmented, mixed, and made ahead of the step.

Batch number n is a function of the seed and n alone. A run that is killed and
resumed therefore sees exactly the batches that an unbroken run would have seen.
"""

from collections import deque
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from threading import Lock
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import ConfigInvalid, DataInvalid
from facenet_res.core.types import FACE_SIDE_PX, Faces, Image
from facenet_res.data.augment import AugmentConfig, augment
from facenet_res.data.crops import CropSource
from facenet_res.data.records import NO_LABEL
from facenet_res.data.skipped import Skipped

Place = Literal["host", "device"]
TeacherView = Literal["augmented", "plain"]
NO_VIEW = -1
REPLACEMENTS_MAX = 100
"""Crops tried in the place of one that cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputConfig:
    """How batches are made.

    Attributes:
        batch_size: crops a batch.
        seed: decides the order and every augmentation, in [0, 2^32).
        mixup: share of the batch blended with another crop of it; those lose their label and
            serve distillation only. In [0, 1].
        class_crops_min: an identity with fewer sure crops is no class of the margin loss; its
            crops serve distillation only.
        teacher_view: what a teacher sees: "augmented", the face that the student sees, or
            "plain", the crop as it is in the set, which it is asked about once. On the host only,
            without mixup and views.
        views: different augmentations of a crop before they repeat, so that teacher embeddings can
            be cached; 0 makes a fresh one every time.
        workers: threads that decode and augment.
        prefetch: batches made ahead, at most.
        place: "host" decodes and augments in threads; "device" holds all crops decoded on the
            device and augments there, see `data.device_input`.
    """

    batch_size: int = 64
    seed: int = 0
    mixup: float = 0.0
    class_crops_min: int = 1
    teacher_view: TeacherView = "augmented"
    views: int = 0
    workers: int = 2
    prefetch: int = 4
    place: Place = "host"

    def __post_init__(self) -> None:
        if self.batch_size < 2 or self.workers < 1 or self.prefetch < 1:
            raise ConfigInvalid(f"need batch_size >= 2, workers >= 1, prefetch >= 1, got {self}")
        if not 0 <= self.seed < 2**32:
            raise ConfigInvalid(f"input.seed must be in [0, 2^32), got {self.seed}")
        if not 0 <= self.mixup <= 1 or self.views < 0:
            raise ConfigInvalid(f"need input.mixup in [0, 1] and views >= 0, got {self}")
        if self.place not in get_args(Place):
            raise ConfigInvalid(f"input.place must be in {get_args(Place)}, got {self.place!r}")
        if self.mixup and self.views:
            raise ConfigInvalid("input.mixup makes every view new: set views to 0")
        if self.class_crops_min < 1:
            raise ConfigInvalid(f"input.class_crops_min must be >= 1, got {self.class_crops_min}")
        if self.teacher_view not in get_args(TeacherView):
            raise ConfigInvalid(
                f"input.teacher_view must be in {get_args(TeacherView)}, got {self.teacher_view!r}"
            )
        if self.teacher_view == "plain" and (self.mixup or self.views or self.place == "device"):
            raise ConfigInvalid(
                "input.teacher_view 'plain' needs input.place 'host', mixup 0 and views 0"
            )


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Input of one training step.

    Attributes:
        faces: uint8[B, 112, 112, 3] RGB.
        labels: int32[B], -1 for a crop without an identity.
        view_ids: int64[B], number of a view that is repeated; -1 for one that is not.
        plain: uint8[B, 112, 112, 3] RGB, what teachers see where that is not `faces`; or None.
    """

    faces: Faces
    labels: NDArray[np.int32]
    view_ids: NDArray[np.int64]
    plain: Faces | None = None

    @property
    def shown(self) -> Faces:
        """What teachers see."""
        return self.faces if self.plain is None else self.plain


def class_labels(crops: CropSource, crops_min: int = 1) -> tuple[NDArray[np.int32], list[str]]:
    """Numbers the identities of crops, in the order of the source.

    Only identities with `crops_min` sure crops among these get a number: a gap in a set's own
    labels, or a person who was held out, gets no class.

    Returns:
        int32[N], -1 where a crop has no sure identity, and the identity of each number.
    """
    sure = np.where(crops.is_label_sure, crops.labels, NO_LABEL)
    counts = np.bincount(sure[sure != NO_LABEL], minlength=len(crops.identities))
    sure[~np.isin(sure, np.flatnonzero(counts >= max(crops_min, 1)))] = NO_LABEL
    used, dense = np.unique(sure[sure != NO_LABEL], return_inverse=True)
    labels = np.full(len(crops), NO_LABEL, np.int32)
    labels[sure != NO_LABEL] = dense
    return labels, [crops.identities[label] for label in used.tolist()]


class BatchMaker:
    """Makes any batch of a run; several threads may ask at a time."""

    def __init__(
        self, crops: CropSource, config: InputConfig, changes: AugmentConfig, skipped: Skipped
    ) -> None:
        """Numbers the identities.

        Raises:
            ConfigInvalid: there are fewer crops than a batch holds.
        """
        if len(crops) < config.batch_size:
            raise ConfigInvalid(
                f"batch_size is {config.batch_size}, but there are {len(crops)} crops"
            )
        self._crops = crops
        self._config = config
        self._changes = changes
        self._skipped = skipped
        self._labels, _ = class_labels(crops, config.class_crops_min)
        self._orders = Orders(len(crops), config.seed)

    def make(self, number: int) -> Batch:
        """Batch `number` of the run, the same whenever and wherever it is made.

        Raises:
            DataInvalid: too many crops cannot be read.
        """
        config = self._config
        chosen, epochs = self._orders.places(number, config.batch_size)
        view_ids = np.full(len(chosen), NO_VIEW, np.int64)
        faces = np.empty((len(chosen), FACE_SIDE_PX, FACE_SIDE_PX, 3), np.uint8)
        plain = np.empty_like(faces) if config.teacher_view == "plain" else None
        for place in range(len(chosen)):
            chosen[place], face = self._decoded(number, place, int(chosen[place]))
            seed = [config.seed, 2, number, place]
            if config.views:
                view_ids[place] = chosen[place] * config.views + epochs[place] % config.views
                seed = [config.seed, 1, int(view_ids[place])]
            rng = np.random.default_rng(seed)
            faces[place] = augment(face, self._changes, rng)
            if plain is not None:
                plain[place], view_ids[place] = face, chosen[place]
        truth = self._labels[chosen]
        mixed = round(config.mixup * config.batch_size)
        if mixed:
            rng = np.random.default_rng((config.seed, 3, number))
            faces, truth = _mix(faces, truth, mixed, rng)
        return Batch(faces, truth, view_ids, plain)

    def _decoded(self, number: int, place: int, crop: int) -> tuple[int, Image]:
        """The crop and its pixels; where it is corrupt, another one that the seed selects."""
        rng = None
        for _ in range(REPLACEMENTS_MAX):
            try:
                return crop, self._crops[crop].decode()
            except DataInvalid as error:
                self._skipped.add(self._crops.name(crop), str(error))
            rng = rng or np.random.default_rng([self._config.seed, 4, number, place])
            crop = int(rng.integers(len(self._crops)))
        raise DataInvalid(f"{REPLACEMENTS_MAX} crops in a row could not be read, {crop} the last")


def batches(
    crops: CropSource,
    config: InputConfig,
    changes: AugmentConfig,
    *,
    first: int = 0,
    skipped: Skipped | None = None,
) -> Generator[Batch, None, None]:
    """Endless batches, beginning with number `first`, several made at a time in threads.

    Args:
        crops: what to learn from.
        config: how batches are made.
        changes: what happens to a crop.
        first: number of the first batch.
        skipped: gets the crops that cannot be read; another one stands in their place.

    Raises:
        ConfigInvalid: there are fewer crops than a batch holds.
        DataInvalid: too many crops cannot be read.
    """
    told = Skipped(len(crops)) if skipped is None else skipped
    maker = BatchMaker(crops, config, changes, told)
    with ThreadPoolExecutor(config.workers, thread_name_prefix="input") as pool:
        ahead = range(first, first + config.prefetch)
        waiting = deque(pool.submit(maker.make, number) for number in ahead)
        try:
            for number in count(first + config.prefetch):
                batch = waiting.popleft().result()
                waiting.append(pool.submit(maker.make, number))
                yield batch
        finally:
            for future in waiting:
                future.cancel()


class Orders:
    """An endless row of permutations: every crop once an epoch.

    The last two are kept. Shuffling five million crops takes half a second, and a batch needs one
    permutation, or two where an epoch ends in it.
    """

    def __init__(self, total: int, seed: int) -> None:
        self._total = total
        self._order = lru_cache(maxsize=2)(
            lambda epoch: np.random.default_rng((seed, 0, epoch)).permutation(total)
        )
        # Else two threads that begin an epoch would both shuffle.
        self._lock = Lock()

    def places(self, number: int, size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Crop and epoch of each place of a batch."""
        positions = np.arange(number * size, (number + 1) * size)
        epochs = positions // self._total
        chosen = np.empty(size, np.int64)
        for epoch in np.unique(epochs).tolist():
            with self._lock:
                order = self._order(epoch)
            here = epochs == epoch
            chosen[here] = order[positions[here] % self._total]
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
