"""The limits of the settings."""

from typing import Any

import pytest

from facenet_res.core.errors import ConfigInvalid
from facenet_res.dedup.config import DedupConfig


@pytest.mark.parametrize(
    "wrong",
    [
        {"similarity_min": 1.5},
        {"fmr": -0.1},
        {"face_side_px_min": -1},
        {"face_score_min": float("nan")},
        {"faces_a_photo_max": 0},
        {"workers": 0},
        {"face_sharpness_min": -1},
        {"thumbnail_px": 4096},
    ],
)
def test_a_setting_out_of_range_is_named_with_its_limits(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigInvalid, match=rf"{next(iter(wrong))} must be in \["):
        DedupConfig(**wrong)


def test_the_defaults_are_in_range() -> None:
    assert DedupConfig().near_copies
