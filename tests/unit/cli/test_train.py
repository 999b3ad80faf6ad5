"""`train`: what can be set, and what is said of what cannot be."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from facenet_res.cli.train import overridden
from facenet_res.core import exit_codes
from facenet_res.core.errors import ConfigInvalid
from facenet_res.train.config import TrainConfig
from tests.unit.cli.conftest import Run


@dataclass(frozen=True)
class Inner:
    rate: float = 0.1
    name: str = "sgd"

    def __post_init__(self) -> None:
        if self.rate <= 0:
            raise ValueError(f"rate must be above 0, got {self.rate}")


@dataclass(frozen=True)
class Outer:
    steps: int = 10
    inner: Inner = field(default_factory=Inner)


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("steps", 5, Outer(steps=5)),
        ("inner.rate", 0.5, Outer(inner=Inner(rate=0.5))),
        ("inner.rate", 1, Outer(inner=Inner(rate=1.0))),
        ("inner.name", "adamw", Outer(inner=Inner(name="adamw"))),
    ],
)
def test_a_setting_is_replaced_wherever_it_is(path: str, value: object, expected: Outer) -> None:
    assert overridden(Outer(), {path: value}) == expected


def test_settings_that_go_together_are_set_together() -> None:
    both = {"loss.distillation_weight": 1.0, "teachers": ["a.onnx"]}

    config = overridden(TrainConfig(name="x"), both)

    assert (config.teachers, config.loss.distillation_weight) == (("a.onnx",), 1.0)
    with pytest.raises(ConfigInvalid, match="go together"):
        overridden(TrainConfig(name="x"), {"teachers": ["a.onnx"]})
    with pytest.raises(ConfigInvalid, match="list of texts"):
        overridden(TrainConfig(name="x"), {**both, "teachers": [1]})


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("step", 5, "no setting 'step'"),
        ("inner.speed", 5, "no setting 'speed'"),
        ("steps.more", 5, "no parts"),
        ("steps", "five", "takes a int"),
        ("steps", 1.5, "takes a int"),
        ("steps", True, "takes a int"),
        ("inner.rate", -1.0, "above 0"),
    ],
)
def test_what_cannot_be_set_is_said(path: str, value: object, message: str) -> None:
    with pytest.raises(ConfigInvalid, match=message):
        overridden(Outer(), {path: value})


def test_an_override_without_a_value_is_refused_before_anything_loads(
    run: Run, tmp_path: Path
) -> None:
    ran = run("develop", "train", "first", "--run", tmp_path, "--set", "steps")
    assert ran.code == exit_codes.INPUT
    assert "NAME=VALUE" in ran.err


def test_training_without_keras_says_which_extra_to_install(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("facenet_res.core.extras.importlib.util.find_spec", lambda _: None)
    ran = run("develop", "train", "first", "--run", tmp_path)
    assert ran.code == exit_codes.UNAVAILABLE
    assert "[train]" in ran.err
