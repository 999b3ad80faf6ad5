"""A start that is another network's: the same function, and a head that is near its teachers."""

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from facenet_res.core.errors import ConfigInvalid
from facenet_res.data.crops import CropSource, open_crops
from facenet_res.models.build import build_model
from facenet_res.models.checkpoint import save_weights
from facenet_res.models.config import ModelConfig
from facenet_res.train.adapt import adapt_start, ridge
from facenet_res.train.learner import Learner
from facenet_res.train.loss_config import LossConfig
from facenet_res.train.teachers import Teachers
from tests.crops import write_crops
from tests.onnx_files import write_onnx_file

SMALL = ModelConfig(family="dlib_resnet", depth=29, width=0.25, head="gap", embedding_dim=64)
LOSS = LossConfig(weight=0.0, distillation_weight=1.0)


@pytest.fixture(scope="module")
def crops(tmp_path_factory: pytest.TempPathFactory) -> CropSource:
    path = tmp_path_factory.mktemp("data") / "c.zip"
    return open_crops(write_crops(path, identities=24, crops=4, unlabelled=0))


def test_a_linear_map_is_found_and_a_bias_where_there_is_one() -> None:
    rng = np.random.default_rng(0)
    x, matrix = rng.normal(size=(400, 6)), rng.normal(size=(6, 3))

    kernel, bias = ridge(x, x @ matrix + 2.0)
    without, none = ridge(x, x @ matrix, has_bias=False)

    np.testing.assert_allclose(kernel, matrix, atol=0.05)
    np.testing.assert_allclose(bias, 2.0, atol=0.02)
    np.testing.assert_allclose(without, matrix, atol=0.05)
    np.testing.assert_array_equal(none, 0)


def test_the_trunk_computes_as_before_and_the_head_answers_as_the_teacher(
    crops: CropSource, tmp_path: Path
) -> None:
    keras.utils.set_random_seed(0)
    other = replace(SMALL, embedding_dim=80)
    start = build_model(other)
    save_weights(start, tmp_path / "start.safetensors", other)
    faces = np.stack([crop.decode() for crop in crops])
    paths = [write_onnx_file(tmp_path / f"{dim}.onnx", dim=dim) for dim in (96, 64)]
    teachers = Teachers(paths, "host", faces[:16])
    learner = Learner(build_model(SMALL), 2, LOSS, teachers.dims)

    adapt_start(learner, tmp_path / "start.safetensors", (crops, np.arange(len(crops))), teachers)

    before, after = (
        keras.Model(network.input, network.get_layer("embedding").input).predict_on_batch(
            (faces[:32].astype(np.float32) - 127.5) / 127.5
        )
        for network in (start, learner.network)
    )
    np.testing.assert_allclose(after, before, rtol=2e-3, atol=2e-3)
    variances = [
        float(np.asarray(layer.moving_variance.value).mean())
        for layer in learner.network.layers
        if isinstance(layer, keras.layers.BatchNormalization)
    ]
    assert max(abs(each - 1) for each in variances) > 0.1  # They were all 1.
    cosine = (learner.embed(faces) * teachers.on_host[1].embed(faces)).sum(axis=1)
    assert cosine.mean() > 0.7  # Of random features, to tiles of the image; unfitted about 0.


def test_no_teacher_of_the_length_is_refused(crops: CropSource, tmp_path: Path) -> None:
    teachers = Teachers(
        [write_onnx_file(tmp_path / "t.onnx", dim=32)], "host", np.stack([crops[0].decode()])
    )
    learner = Learner(build_model(SMALL), 2, LOSS, teachers.dims)

    with pytest.raises(ConfigInvalid, match=r"a teacher of length 64, there are \[32\]"):
        adapt_start(learner, tmp_path / "none.safetensors", (crops, np.arange(2)), teachers)
