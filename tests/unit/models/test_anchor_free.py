"""The network of a detector: what it returns lies in the order of the cells."""

import keras
import numpy as np
import pytest

from facenet_res.core.cells import OUTPUTS, cells
from facenet_res.core.errors import ConfigInvalid
from facenet_res.models.anchor_free import build_detector
from facenet_res.models.classifier_config import ClassifierConfig


def test_there_is_a_row_for_each_cell_of_images_of_any_size() -> None:
    network = build_detector(ClassifierConfig(depth=18, width=0.25))
    for height, width in ((64, 96), (32, 32)):
        outputs = network(np.zeros((1, height, width, 3), np.float32))
        assert outputs.shape == (1, len(cells(height, width)[0]), OUTPUTS)


def test_a_fresh_network_finds_nothing() -> None:
    network = build_detector(ClassifierConfig(depth=18, width=0.25))
    logits = keras.ops.convert_to_numpy(network(np.zeros((1, 64, 64, 3), np.float32)))[..., 0]
    assert (1 / (1 + np.exp(-logits))).max() < 0.05


def test_a_cifar_network_has_no_such_maps() -> None:
    with pytest.raises(ConfigInvalid, match=r"needs classifier\.family 'resnet'"):
        build_detector(ClassifierConfig(family="cifar_resnet", depth=20))
