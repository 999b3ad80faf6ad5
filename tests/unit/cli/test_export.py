"""`export`: what is refused before Keras loads. The export itself: tests/unit/export."""

from pathlib import Path

import pytest

from facenet_res.core import exit_codes
from tests.unit.cli.conftest import Run


@pytest.mark.parametrize(
    "text", ["no json", "[]", '{"thresholds": [{"similarity": 1}]}', '{"thresholds": 3}']
)
def test_thresholds_of_another_form_are_refused(run: Run, tmp_path: Path, text: str) -> None:
    (tmp_path / "t.json").write_text(text)
    ran = run(
        "develop",
        "export",
        "w.safetensors",
        "--out",
        tmp_path / "m",
        "--thresholds",
        tmp_path / "t.json",
    )
    assert ran.code == exit_codes.INPUT
    assert "should hold" in ran.err


def test_missing_thresholds_are_named(run: Run, tmp_path: Path) -> None:
    ran = run(
        "develop", "export", "w", "--out", tmp_path / "m", "--thresholds", tmp_path / "absent.json"
    )
    assert ran.code == exit_codes.INPUT
    assert "absent.json" in ran.err


def test_missing_weights_are_named_before_keras_loads(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load() -> None:
        raise AssertionError("Keras was loaded")

    monkeypatch.setattr("facenet_res.cli.export.load_keras", load)
    ran = run("develop", "export", tmp_path / "absent", "--out", tmp_path / "m")
    assert (ran.code, len(ran.err.splitlines())) == (exit_codes.INPUT, 1)


def test_export_without_keras_says_which_extra_to_install(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("facenet_res.core.extras.importlib.util.find_spec", lambda _: None)
    ran = run("develop", "export", "w.safetensors", "--out", tmp_path / "m")
    assert ran.code == exit_codes.UNAVAILABLE
    assert "[train]" in ran.err


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras' own
def test_a_trained_network_becomes_a_model_that_verifies(
    run: Run, photos: Path, tmp_path: Path
) -> None:
    from facenet_res.models.build import build_model
    from facenet_res.models.checkpoint import save_weights
    from facenet_res.models.config import ModelConfig

    config = ModelConfig(depth=18, width=0.125, embedding_dim=64, stem="half")
    weights = tmp_path / "weights.safetensors"
    save_weights(build_model(config), weights, config)

    ran = run(
        "develop",
        "export",
        weights,
        "--out",
        tmp_path / "tiny",
        "--format",
        "safetensors",
        "openvino",
        "--json",
    )

    assert ran.code == exit_codes.OK, ran.err
    assert ran.json["model_id"].startswith("tiny-")
    pair = (photos / "a.jpg", photos / "a.jpg")
    answer = run("verify", *pair, "--model", tmp_path / "tiny", "--threshold", 0.9, "--json")
    assert answer.json["is_same"] is True
