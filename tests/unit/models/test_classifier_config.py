"""A classifier that cannot be built is refused with the value and the limit."""

import pytest

from facenet_res.core.errors import ConfigInvalid
from facenet_res.models.classifier_config import ClassifierConfig


@pytest.mark.parametrize(
    ("family", "depth", "rule"),
    [
        ("resnet", 20, r"\(18, 34, 50, 101, 152\)"),
        ("cifar_resnet", 21, r"6n \+ 2"),
        ("cifar_resnet", 2, "from 8"),
        ("cifar_resnet", 1208, "to 1202"),
        ("cifar_preact", 110 + 6, r"9n \+ 2"),
        ("cifar_preact", 2, "from 11"),
        ("cifar_preact", -7, "from 11"),
    ],
)
def test_a_depth_that_the_family_has_not_is_named_with_the_rule(
    family: str, depth: int, rule: str
) -> None:
    with pytest.raises(ConfigInvalid, match=rf"classifier\.depth .*{rule}.* got {depth}"):
        ClassifierConfig(family=family, depth=depth)


@pytest.mark.parametrize(
    ("field", "value"), [("family", "vgg"), ("classes", 1), ("classes", 10_000_001), ("width", 0.1)]
)
def test_a_value_out_of_range_is_named(field: str, value: object) -> None:
    with pytest.raises(ConfigInvalid, match=rf"classifier\.{field} .*{value!r}"):
        ClassifierConfig(**{field: value})


def test_depth_twenty_is_two_networks_and_their_names_differ() -> None:
    # 20 = 6 * 3 + 2 = 9 * 2 + 2: the depth alone does not say which blocks.
    names = {
        ClassifierConfig(family=family, depth=20, is_plain=is_plain).name
        for family in ("cifar_resnet", "cifar_preact")
        for is_plain in (False, True)
    }
    assert len(names) == 4
