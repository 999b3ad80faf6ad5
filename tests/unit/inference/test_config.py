"""Every setting has a range and says it."""

from typing import Any

import pytest

from facenet_res.core.errors import ConfigInvalid
from facenet_res.inference.config import BackendConfig, BatcherConfig


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"engine": "tensorrt"}, "tensorrt"),
        ({"precision": "f8"}, "f8"),
        ({"device": "tpu"}, "device must be one of"),
        ({"threads": -1}, "threads must be in"),
        ({"threads": 5000}, "5000"),
        ({"batch_max": 0}, "batch_max must be in"),
    ],
)
def test_a_backend_setting_out_of_range_is_refused(values: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigInvalid, match=named):
        BackendConfig(**values)


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"batch_max": 0}, "batch_max must be in"),
        ({"batch_max": 32, "queue_max": 31}, "queue_max must be in"),
    ],
)
def test_a_batcher_setting_out_of_range_is_refused(values: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigInvalid, match=named):
        BatcherConfig(**values)
