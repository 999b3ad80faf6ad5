"""Batches made on the device: all crops are there, decoded, and only numbers travel.

50,000 crops of 112 x 112 px are 1.9 GB, which a GPU has to spare; a host that decodes and augments
5,000 crops a second it often has not. As in `data.input`, batch number n is a function of the seed
and n alone.
"""

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from keras import ops
from numpy.typing import NDArray

from facenet_res.core.errors import ConfigInvalid, DataInvalid
from facenet_res.core.types import FACE_SIDE_PX, Faces
from facenet_res.data.augment import AugmentConfig
from facenet_res.data.crops import CropSource
from facenet_res.data.device_augment import DeviceAugment, to_device
from facenet_res.data.device_compile import compiled
from facenet_res.data.device_doses import draw_doses, noise_plane
from facenet_res.data.input import NO_VIEW, Batch, InputConfig, Orders, class_labels
from facenet_res.data.records import NO_LABEL
from facenet_res.data.separable import filter_table
from facenet_res.data.skipped import Skipped

DECODERS = 8
BYTES_MAX = 32 * 2**30


class DeviceInput:
    """All crops of a run on the device."""

    def __init__(
        self, crops: CropSource, config: InputConfig, changes: AugmentConfig, skipped: Skipped
    ) -> None:
        """Decodes every crop and moves them to the device; unreadable ones are left out.

        Raises:
            ConfigInvalid: there are fewer crops than a batch holds, or more than fit in
                `BYTES_MAX`; fixed views are asked for, which are the host's.
            DataInvalid: too many crops cannot be read.
        """
        _check(len(crops), config)
        labels, _ = class_labels(crops)
        faces, readable = _decoded(crops, skipped)
        self._config = config
        self._changes = changes
        self._labels = labels[readable]
        self._orders = Orders(len(readable), config.seed)
        self._faces = ops.convert_to_tensor(faces)
        self._table = filter_table()
        self._augment = compiled(DeviceAugment(self._table, noise_plane(config.seed)))

    def batches(self, *, first: int = 0) -> Generator[Batch, None, None]:
        """Endless batches, beginning with number `first`."""
        number = first
        while True:
            yield self.batch(number)
            number += 1

    def batch(self, number: int) -> Batch:
        """Batch `number` of the run, its faces an array of the Keras backend."""
        config = self._config
        chosen, _ = self._orders.places(number, config.batch_size)
        mixed = round(config.mixup * config.batch_size)
        rng = np.random.default_rng((config.seed, 4, number))
        doses = draw_doses(self._changes, config.batch_size, mixed, self._table, rng)
        picked = ops.take(self._faces, ops.convert_to_tensor(chosen), axis=0)
        labels = self._labels[chosen]
        labels[:mixed] = NO_LABEL
        faces = self._augment(picked, *to_device(doses))
        return Batch(faces, labels, np.full(len(chosen), NO_VIEW))


def _check(crops: int, config: InputConfig) -> None:
    if crops < config.batch_size:
        raise ConfigInvalid(f"batch_size is {config.batch_size}, but there are {crops} crops")
    if config.views:
        raise ConfigInvalid(
            f"on the device every view is fresh: set input.views to 0, got {config.views}"
        )
    size = crops * FACE_SIDE_PX**2 * 3
    if size > BYTES_MAX:
        raise ConfigInvalid(
            f"{crops} crops are {size} bytes on the device, limit is {BYTES_MAX}: "
            "set input.place to 'host'"
        )


def _decoded(crops: CropSource, skipped: Skipped) -> tuple[Faces, NDArray[np.int64]]:
    """uint8[N, 112, 112, 3] of the readable crops, and their numbers."""
    faces = np.empty((len(crops), FACE_SIDE_PX, FACE_SIDE_PX, 3), np.uint8)

    def is_readable(number: int) -> bool:
        try:
            faces[number] = crops[number].decode()
        except DataInvalid as error:
            skipped.add(crops.name(number), str(error))
            return False
        return True

    with ThreadPoolExecutor(DECODERS, thread_name_prefix="decode") as pool:
        kept = np.array(list(pool.map(is_readable, range(len(crops)))), bool)
    return faces if kept.all() else faces[kept], np.flatnonzero(kept)
