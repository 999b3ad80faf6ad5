"""The search suggests a rate below the one that breaks the loss."""

import dataclasses
from pathlib import Path

import pytest

from facenet_res.core.errors import ArgumentInvalid
from facenet_res.data.crops import open_crops
from facenet_res.train.config import TrainConfig
from facenet_res.train.find_rate import find_rate, rate_plot


def test_a_rate_is_found_and_nothing_is_written(tiny_run: TrainConfig) -> None:
    config = dataclasses.replace(
        tiny_run, optimizer=dataclasses.replace(tiny_run.optimizer, gradient_norm_max=1e9)
    )
    with open_crops(Path(config.crops)) as crops:
        seen: list[int] = []
        found = find_rate(config, crops, low=1e-4, high=1e3, steps=14, on_step=seen.append)

        with pytest.raises(ArgumentInvalid, match="steps >= 10"):
            find_rate(config, crops, steps=3)

    assert 1e-4 <= found.suggested < 1e3
    assert len(found.rates) == len(found.losses) == len(seen) <= 14
    assert f"{found.suggested:.2g}" in rate_plot(found)
