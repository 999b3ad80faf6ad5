"""Every loss that a recipe can name learns, remembers what it has to, and names its limits."""

from typing import Any, get_args

import keras
import numpy as np
import pytest

from facenet_res.core.errors import ConfigInvalid
from facenet_res.train.averaged import averaged
from facenet_res.train.learner import Learner, direct_teacher
from facenet_res.train.loss_config import Loss, LossConfig
from facenet_res.train.optimizer import inner_optimizer, make_optimizer
from facenet_res.train.optimizer_config import OptimizerConfig
from tests.tiny_network import DIM, tiny_batch, tiny_network

CLASSES = 4
FAST = OptimizerConfig(learning_rate=0.02, warmup_steps=1, name="adamw", weight_decay=0.0)


def learner_of(
    loss: LossConfig, optimizer: OptimizerConfig = FAST, dims: tuple[int, ...] = ()
) -> Any:
    learner = Learner(tiny_network(), CLASSES, loss, dims)
    learner.compile(optimizer=make_optimizer(optimizer, 1000), jit_compile=False)
    learner.optimizer.build(learner.trainable_variables)
    return learner


def learned(learner: Any, steps: int, teachers: tuple[np.ndarray, ...] = ()) -> list[float]:
    found = []
    for step in range(steps):
        learner.reset_metrics()
        batch = tiny_batch(step % 3)
        found.append(learner.learn(*batch, teachers, np.random.default_rng(step))["loss"])
    return found


@pytest.mark.parametrize("name", get_args(Loss))
def test_each_loss_falls(name: Any) -> None:
    # So wide a lead is never reached, and the triplet's hinge stays open.
    lead = 1.8 if name == "triplet" else 0.3
    learner = learner_of(LossConfig(name=name, scale=8.0, margin_rad=0.2, cosine_margin=lead))

    losses = learned(learner, 24)

    assert np.isfinite(losses).all()
    assert np.mean(losses[-3:]) < np.mean(losses[:3])


@pytest.mark.parametrize("name", ["adaface", "curricularface"])
def test_what_a_loss_has_seen_moves_and_is_saved_with_the_weights(name: Any) -> None:
    learner = learner_of(LossConfig(name=name, scale=8.0))
    before = [float(variable.value) for variable in learner.head.seen]

    learned(learner, 2)

    after = [float(variable.value) for variable in learner.head.seen]
    assert all(one != other for one, other in zip(before, after, strict=True))
    assert {id(v) for v in learner.head.seen} <= {id(v) for v in learner.variables}


def test_sub_centres_and_a_share_of_the_centres_learn_too() -> None:
    several = learner_of(LossConfig(scale=8.0, subcentres=3, centre_share=0.75))

    losses = learned(several, 24)

    assert tuple(several.head.centres.shape) == (CLASSES, 3, DIM)
    assert np.mean(losses[-3:]) < np.mean(losses[:3])


def test_teachers_of_any_length_are_followed() -> None:
    teachers = []
    for dim in (DIM, 5):
        rows = np.random.default_rng(dim).normal(size=(8, dim)).astype(np.float32)
        teachers.append(rows / np.linalg.norm(rows, axis=1, keepdims=True))
    learner = learner_of(LossConfig(weight=0.0, distillation_weight=1.0), dims=(DIM, 5))

    first, *_, last = learned(learner, 20, tuple(teachers))

    assert last < first
    # The map belongs to the learner, not to the network that is exported.
    assert learner.maps[0] is None
    assert not any("to_teacher" in variable.path for variable in learner.network.variables)


def test_only_one_teacher_of_the_student_s_length_is_met_directly() -> None:
    dims = (5, DIM, DIM)
    learner = learner_of(LossConfig(weight=0.0, distillation_weight=1.0), dims=dims)

    assert [each is None for each in learner.maps] == [False, True, False]
    assert direct_teacher(DIM, (5, 7)) is None


def test_a_second_teacher_whose_space_is_another_one_does_not_pull_against_the_first() -> None:
    rng = np.random.default_rng(0)
    turned = np.linalg.qr(rng.normal(size=(DIM, DIM)))[0].astype(np.float32)
    learner = learner_of(LossConfig(weight=0.0, distillation_weight=1.0), dims=(DIM, DIM))
    rows = rng.normal(size=(4, DIM)).astype(np.float32)
    first = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    # The second sees what the first sees, in directions of its own, which the map has learned.
    targets = {"teacher0": first, "teacher1": first @ turned}
    learner.maps[1].kernel.assign(turned)

    loss = learner.compute_loss(None, targets, keras.ops.convert_to_tensor(3 * rows))

    assert float(loss) == pytest.approx(0.0, abs=1e-5)


def test_gradients_of_several_batches_move_the_weights_once() -> None:
    accumulating = OptimizerConfig(learning_rate=0.1, warmup_steps=1, accumulate=2)
    learner = learner_of(LossConfig(scale=8.0), accumulating)
    kernel = learner.network.get_layer("dense").kernel
    start = np.array(keras.ops.convert_to_numpy(kernel.value))

    learned(learner, 1)
    between = np.array(keras.ops.convert_to_numpy(kernel.value))
    learned(learner, 1)
    end = np.array(keras.ops.convert_to_numpy(kernel.value))

    np.testing.assert_array_equal(between, start)
    assert not np.array_equal(end, start)


def test_float16_scales_the_loss_and_keeps_the_average() -> None:
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        learner = learner_of(LossConfig(scale=8.0), OptimizerConfig(ema=0.9, warmup_steps=1))
        losses = learned(learner, 6)
    finally:
        keras.config.set_dtype_policy(policy)

    assert np.isfinite(losses).all()
    assert type(learner.optimizer).__name__ == "LossScaleOptimizer"
    assert inner_optimizer(learner.optimizer).use_ema
    kernel = learner.network.get_layer("dense").kernel
    moving = np.array(keras.ops.convert_to_numpy(kernel.value))
    with averaged(learner):
        average = np.array(keras.ops.convert_to_numpy(kernel.value))
    assert not np.array_equal(average, moving)
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(kernel.value), moving)


def test_averaged_weights_get_the_statistics_of_plain_crops_for_as_long_as_they_are_in() -> None:
    learner = learner_of(LossConfig(scale=8.0), OptimizerConfig(ema=0.9, warmup_steps=1))
    learned(learner, 6)
    norm = learner.network.get_layer("bn")
    plain = np.concatenate([tiny_batch(step, 64)[0] for step in (20, 21)])
    moving = [np.array(keras.ops.convert_to_numpy(each.value)) for each in norm.weights]

    with averaged(learner, plain):
        mean, variance = (
            keras.ops.convert_to_numpy(each.value)
            for each in (norm.moving_mean, norm.moving_variance)
        )
        inner = keras.Model(learner.network.input, norm.input)
        maps = np.asarray(inner.predict_on_batch((plain.astype(np.float32) - 127.5) / 127.5))

    np.testing.assert_allclose(mean, maps.mean(axis=(0, 1, 2)), atol=1e-4)
    by_batch = maps.reshape(2, 64, *maps.shape[1:])
    np.testing.assert_allclose(variance, by_batch.var(axis=(1, 2, 3)).mean(axis=0), rtol=1e-3)
    for each, value in zip(norm.weights, moving, strict=True):
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(each.value), value)
    assert norm.momentum == 0.9


def test_a_teacher_s_weight_is_its_share_of_the_distance() -> None:
    rows = tuple(np.random.default_rng(n).normal(size=(8, DIM)).astype(np.float32) for n in (0, 1))
    units = tuple(each / np.linalg.norm(each, axis=1, keepdims=True) for each in rows)

    def first_loss(teacher_weights: tuple[float, ...]) -> float:
        keras.utils.set_random_seed(0)  # The second teacher's map is random.
        loss = LossConfig(weight=0, distillation_weight=1.0, teacher_weights=teacher_weights)
        return learned(learner_of(loss, dims=(DIM, DIM)), 1, units)[0]

    alike, first, second = (first_loss(each) for each in ((), (1.0, 1e-9), (1e-9, 1.0)))

    assert first != pytest.approx(second, abs=1e-3)
    assert first_loss((3.0, 1.0)) == pytest.approx((3 * first + second) / 4, abs=1e-3)
    assert alike == pytest.approx((first + second) / 2, abs=1e-3)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"teacher_weights": (1.0, 0.0)}, "teacher_weights must be > 0"),
        ({"name": "softmin"}, "'softmin'"),
        ({"margin_rad": 2.0}, r"margin_rad .* 2\.0"),
        ({"scale": 0.0}, r"scale .* got 0\.0"),
        ({"subcentres": 0}, "1 to 16, got 0"),
        ({"centre_share": 0.0}, "centre_share"),
        ({"name": "triplet", "subcentres": 3}, "no class centres"),
        ({"weight": 0.0}, "above 0"),
    ],
)
def test_a_loss_out_of_range_is_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigInvalid, match=words):
        LossConfig(**settings)
