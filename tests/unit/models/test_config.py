"""A shape that cannot be built is refused with the value and the limit."""

import pytest

from facenet_res.core.errors import ConfigInvalid
from facenet_res.models.config import ModelConfig
from facenet_res.models.depths import stage_channels


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("depth", 19),
        ("width", 0.01),
        ("width", 5.0),
        ("head", "mlp"),
        ("stem", "quarter"),
        ("family", "vit"),
        ("embedding_dim", 63),
        ("embedding_dim", 1025),
        ("dropout", 1.0),
    ],
)
def test_a_value_out_of_range_is_named(field: str, value: object) -> None:
    with pytest.raises(ConfigInvalid, match=rf"model\.{field} .*{value!r}"):
        ModelConfig(**{field: value})


def test_a_config_survives_the_dictionary() -> None:
    config = ModelConfig(depth=34, width=0.5, stem="half", head="gdc", embedding_dim=128)

    assert ModelConfig.from_dict(config.to_dict()) == config


def test_an_unknown_key_is_named() -> None:
    with pytest.raises(ConfigInvalid, match="deepness"):
        ModelConfig.from_dict({"deepness": 50})


@pytest.mark.parametrize("width", [0.125, 0.25, 0.3, 0.5, 1.0, 1.7])
def test_channels_are_multiples_of_eight(width: float) -> None:
    assert all(channels % 8 == 0 and channels > 0 for channels in stage_channels(width))
