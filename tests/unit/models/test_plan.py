"""A plan has as many layers as the network's name says, and halves where the paper halves."""

import pytest

from facenet_res.models.classifier_config import ClassifierConfig
from facenet_res.models.plan import plan_of

WEIGHTED_LAYERS = {"basic": 2, "bottleneck": 3, "preact": 3}


@pytest.mark.parametrize(
    ("family", "depth"),
    [
        *(("resnet", depth) for depth in (18, 34, 50, 101, 152)),
        *(("cifar_resnet", depth) for depth in (8, 20, 110, 1202)),
        *(("cifar_preact", depth) for depth in (11, 164, 1001)),
    ],
)
def test_the_layers_with_weights_are_as_many_as_the_name_says(family: str, depth: int) -> None:
    plan = plan_of(ClassifierConfig(family=family, depth=depth))

    inside = WEIGHTED_LAYERS[plan.block] * len(list(plan.places))

    assert inside + 2 == depth, "the stem's convolution and the dense layer are the other two"


@pytest.mark.parametrize(("family", "depth"), [("resnet", 50), ("cifar_preact", 164)])
def test_every_stage_but_the_first_halves_once_in_its_first_block(family: str, depth: int) -> None:
    plan = plan_of(ClassifierConfig(family=family, depth=depth))

    halving = [place.name for place in plan.places if place.stride == 2]

    assert halving == [f"stage{stage}_block1" for stage in range(2, len(plan.blocks) + 1)]


@pytest.mark.parametrize(
    ("family", "depth", "channels"),
    [
        ("resnet", 34, (64, 128, 256, 512)),
        ("resnet", 50, (256, 512, 1024, 2048)),
        ("cifar_resnet", 20, (16, 32, 64)),
        ("cifar_preact", 164, (64, 128, 256)),
    ],
)
def test_bottlenecks_widen_to_four_times_the_channels(
    family: str, depth: int, channels: tuple[int, ...]
) -> None:
    assert plan_of(ClassifierConfig(family=family, depth=depth)).channels == channels


@pytest.mark.parametrize("family", ["resnet", "cifar_resnet", "cifar_preact"])
def test_a_plain_network_differs_in_the_skip_alone(family: str) -> None:
    plan, plain = (
        plan_of(ClassifierConfig(family=family, depth=depth, is_plain=is_plain))
        for depth in [50 if family == "resnet" else 20]
        for is_plain in (False, True)
    )

    assert plain.skip == "none" != plan.skip
    assert list(plain.places) == list(plan.places)
