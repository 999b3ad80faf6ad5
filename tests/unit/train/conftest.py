"""A run of seconds on made-up crops, with a teacher made up as well."""

from pathlib import Path

import keras
import pytest

from facenet_res.data.input import InputConfig
from facenet_res.models.config import ModelConfig
from facenet_res.train.config import TrainConfig
from facenet_res.train.loss_config import LossConfig
from facenet_res.train.optimizer_config import OptimizerConfig
from tests.crops import write_crops


@pytest.fixture(autouse=True)
def _the_policy_is_put_back() -> object:
    policy = keras.config.dtype_policy()
    yield
    keras.config.set_dtype_policy(policy)


@pytest.fixture
def tiny_run(tmp_path: Path) -> TrainConfig:
    """ArcFace alone, 6 steps of 8 crops, float32.

    16 channels at the least: the oneDNN of TensorFlow 2.21 crashes in the filter gradient of a
    float32 convolution of 8.
    """
    return TrainConfig(
        name="tiny",
        crops=str(write_crops(tmp_path / "crops.zip", identities=6, unlabelled=6)),
        model=ModelConfig(depth=18, width=0.25, stem="half", head="gap", embedding_dim=64),
        loss=LossConfig(scale=16.0),
        optimizer=OptimizerConfig(learning_rate=0.05, warmup_steps=2, ema=0.5),
        input=InputConfig(batch_size=8),
        steps=6,
        precision="float32",
        held_out_identities=2,
        held_out_unlabelled=2,
        crops_per_identity_min=2,
        validate_every=3,
        save_every_s=0.001,
    )
