"""The maps of every stage: their sizes, their signs, and the stem before them."""

import keras
import numpy as np

from facenet_res.models.classifier_config import ClassifierConfig
from facenet_res.models.resnet import resnet_maps


def test_cifar_maps_have_strides_of_one_two_and_four() -> None:
    images = keras.Input((32, 32, 3))

    maps = resnet_maps(images, ClassifierConfig(family="cifar_resnet", depth=8))

    assert [tuple(each.shape[1:]) for each in maps] == [(32, 32, 16), (16, 16, 32), (8, 8, 64)]


def test_preactivation_sums_keep_their_sign_until_the_closing_relu() -> None:
    images = keras.Input((32, 32, 3))
    maps = resnet_maps(images, ClassifierConfig(family="cifar_preact", depth=11))
    faces = np.random.default_rng(0).normal(size=(1, 32, 32, 3)).astype(np.float32)

    first, _, last = keras.Model(images, maps)(faces, training=False)

    assert np.asarray(keras.ops.min(first)) < 0
    assert np.asarray(keras.ops.min(last)) == 0


def test_the_classic_stem_quarters_the_side_alike_on_all_sides() -> None:
    # given a stem whose output is the sum over each 7x7 window, and one lit corner
    images = keras.Input((64, 64, 3))
    model = keras.Model(images, resnet_maps(images, ClassifierConfig(depth=18)))
    model.get_layer("stem_conv").kernel.assign(np.ones((7, 7, 3, 64), np.float32))
    probe = keras.Model(images, model.get_layer("stem_pool").output)
    corner, mirrored = np.zeros((2, 1, 64, 64, 3), np.float32)
    corner[0, 0, 0], mirrored[0, -1, -1] = 1.0, 1.0

    lit, opposite = (
        np.asarray(keras.ops.convert_to_numpy(probe(each, training=False)))[0, :, :, 0]
        for each in (corner, mirrored)
    )

    # then windows that start 3 px outside: places 0 and 1 of the convolution see the first corner
    # (0 and 2 px off), and the pool carries place 1 on; only the last place sees the other corner
    assert lit.shape == (16, 16)
    assert list(zip(*np.nonzero(lit), strict=True)) == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert list(zip(*np.nonzero(opposite), strict=True)) == [(15, 15)]
