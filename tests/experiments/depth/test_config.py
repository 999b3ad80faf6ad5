"""Which networks are compared, and what cannot be measured."""

import dataclasses

import pytest

from experiments.depth.config import depth_config
from facenet_res.core.errors import ConfigInvalid


def test_the_experiment_is_the_one_of_the_papers() -> None:
    subjects = depth_config().subjects

    names = {subject.network(10).name for subject in subjects}

    assert names == {
        *(f"cifar-{kind}{depth}" for kind in ("plain", "resnet") for depth in (20, 56, 110)),
        "cifar-resnet1001-preact",
    }
    assert len({subject.name for subject in subjects}) == len(subjects)


def test_twins_differ_in_the_skip_alone() -> None:
    subjects = [s for s in depth_config().subjects if s.family == "cifar_resnet"]
    plain = {dataclasses.replace(s, is_plain=False) for s in subjects if s.is_plain}
    residual = {s for s in subjects if not s.is_plain}
    assert plain == residual


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"identities": 1}, "identities >= 2"),
        ({"crops_each": 0}, "crops_each >= 1"),
        ({"learning_rate": 0.0}, "learning_rate > 0"),
        ({"weight_decay": -1.0}, "weight_decay >= 0"),
        ({"crops_each": 1}, r"batch_size in \[2, 2\].* got 8 and 3"),
    ],
)
def test_what_cannot_be_measured_is_said(changes: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigInvalid, match=message):
        dataclasses.replace(depth_config(smoke=True), **changes)


def test_a_record_s_settings_do_not_say_where_the_crops_lie() -> None:
    here, there = (
        dataclasses.replace(depth_config(smoke=True), crops=f"{folder}/crops.zip")
        for folder in ("/here", "/there")
    )
    assert here.settings(here.subjects[0]) == there.settings(there.subjects[0])
    assert here.settings(here.subjects[0]) != here.settings(here.subjects[1])
