"""Batches from the device are those of the seed and the number, wherever a run begins."""

from pathlib import Path

import numpy as np
import pytest
from keras import ops

from facenet_res.core.errors import ConfigInvalid
from facenet_res.data.augment import AugmentConfig
from facenet_res.data.crops import CropSource, open_crops
from facenet_res.data.device_input import DeviceInput
from facenet_res.data.input import InputConfig, class_labels
from facenet_res.data.skipped import Skipped
from tests.crops import write_crops


@pytest.fixture(scope="module")
def crops(tmp_path_factory: pytest.TempPathFactory) -> CropSource:
    folder: Path = tmp_path_factory.mktemp("crops")
    return open_crops(write_crops(folder / "crops.zip"))


def test_a_run_that_begins_later_sees_the_same_batches(crops: CropSource) -> None:
    config = InputConfig(batch_size=8, mixup=0.25)
    one, other = (DeviceInput(crops, config, AugmentConfig(), Skipped(28)) for _ in range(2))

    whole = one.batches()
    skipped = [next(whole) for _ in range(3)][-1]
    resumed = next(other.batches(first=2))

    np.testing.assert_array_equal(*(ops.convert_to_numpy(b.faces) for b in (skipped, resumed)))
    np.testing.assert_array_equal(skipped.labels, resumed.labels)


def test_an_epoch_holds_each_crop_once_and_mixed_ones_lose_their_label(crops: CropSource) -> None:
    labels, _ = class_labels(crops)
    plain = DeviceInput(crops, InputConfig(batch_size=7), AugmentConfig(), Skipped(28))
    mixed = DeviceInput(crops, InputConfig(batch_size=28, mixup=0.5), AugmentConfig(), Skipped(28))

    seen = np.concatenate([plain.batch(number).labels for number in range(4)])

    assert len(crops) == 28
    np.testing.assert_array_equal(np.sort(seen), np.sort(labels))
    assert (mixed.batch(0).labels[:14] == -1).all()


def test_what_cannot_be_is_said(crops: CropSource) -> None:
    with pytest.raises(ConfigInvalid, match="batch_size is 64, but there are 28"):
        DeviceInput(crops, InputConfig(batch_size=64), AugmentConfig(), Skipped(28))
    with pytest.raises(ConfigInvalid, match=r"views to 0, got 2"):
        DeviceInput(crops, InputConfig(batch_size=8, views=2), AugmentConfig(), Skipped(28))
