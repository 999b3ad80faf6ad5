"""A finished run becomes a model with thresholds by its held-out people, and with its history."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from facenet_res.core.artifact import Artifact
from facenet_res.core.errors import ArgumentInvalid, FileMissing, StateError
from facenet_res.data.crops import open_crops
from facenet_res.evaluation.calibration import impostor_similarities
from facenet_res.export.artifact import ExportConfig, export_artifact
from facenet_res.inference.open import open_embedder
from facenet_res.train.config import TrainConfig
from facenet_res.train.loop import Progress
from facenet_res.train.loss_config import LossConfig
from facenet_res.train.prepare import split_of
from facenet_res.train.run import train
from facenet_res.train.run_export import export_run, loss_text
from facenet_res.train.validation import embed_crops
from tests.crops import write_crops

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation:DeprecationWarning"  # Keras' own
)

BARE = ExportConfig(name="")


class Killed(Exception):
    """Stands for the process dying."""


def killed(progress: Progress) -> None:
    raise Killed


@pytest.fixture
def short_run(tiny_run: TrainConfig, tmp_path: Path) -> TrainConfig:
    """One step, with 360 pairs of held-out people: enough for a rate of 1e-2, not for 1e-3."""
    crops = write_crops(tmp_path / "more.zip", identities=8, unlabelled=4)
    return replace(tiny_run, crops=str(crops), steps=1, held_out_identities=5)


def export(run: Path, out: Path, config: ExportConfig = BARE) -> Artifact:
    return export_run(run, out, config, lambda *_: None)


def test_thresholds_are_those_of_the_people_held_out(
    short_run: TrainConfig, tmp_path: Path
) -> None:
    with open_crops(Path(short_run.crops)) as crops:
        held_out = split_of(short_run, crops).validation
        names = [held_out.name(number) for number in range(len(held_out))]
    # A crop whose label is doubted is none to measure by.
    (tmp_path / "doubted.csv").write_text(f"file\n{names[0]}\n")
    short_run = replace(short_run, doubted=str(tmp_path / "doubted.csv"))
    train(short_run, tmp_path / "run")

    manifest = export(tmp_path / "run", tmp_path / "model", replace(BARE, mirror=True)).manifest

    assert [one.fmr for one in manifest.thresholds] == [1e-2]
    with open_crops(Path(short_run.crops)) as crops:
        numbers = [n for n in range(len(crops)) if crops.name(n) in names[1:]]
        kept = crops.subset(np.asarray(numbers))
        with open_embedder(tmp_path / "model", precision="f32") as embedder:
            rows = embed_crops(kept, embedder.embed)
        similarities = impostor_similarities(rows, [kept.identity(n) for n in range(len(kept))])
    assert len(similarities) == 336
    threshold = manifest.thresholds[0].similarity
    # Batches of another size compute the last digits otherwise.
    assert (similarities > threshold + 1e-5).mean() <= 1e-2
    assert (similarities > threshold - 1e-5).mean() >= 3 / 336
    kept_beside = json.loads((tmp_path / "model" / "training" / "thresholds.json").read_text())
    assert kept_beside["model_id"] == manifest.model_id
    assert kept_beside["thresholds"][0]["impostor_pairs"] == 336
    assert manifest.model_id.startswith("tiny-")
    assert manifest.model_id.endswith("-mirrored")
    assert (manifest.loss, manifest.training) == (
        "arcface (margin_rad 0.5, scale 16) x 1",
        "tiny, 1 steps",
    )


def test_a_model_tells_of_all_the_runs_that_led_to_it(
    short_run: TrainConfig, tmp_path: Path
) -> None:
    few = replace(short_run, held_out_identities=2)

    def run(name: str, start: Path | None) -> Path:
        train(replace(few, name=name, start="" if start is None else str(start)), tmp_path / name)
        return tmp_path / name

    def told(model: Path) -> list[str]:
        training = model / "training"
        folders = [*sorted((training / "earlier").glob("*")), training]
        assert all((folder / "log.jsonl").is_file() for folder in folders)
        configs = [json.loads((folder / "config.json").read_text()) for folder in folders]
        return [config["config"]["name"] for config in configs]

    first = run("first", None)
    second = run("second", first / "weights.safetensors")
    bare = export(second, tmp_path / "a", replace(BARE, name="mine", licence="CC0")).manifest
    (tmp_path / "a" / "training" / "calibration.txt").write_text("person1/1.jpg\n")
    third = run("third", tmp_path / "a" / "model.safetensors")
    assert told(tmp_path / "a") == ["first", "second"]

    # In its own place, as `make install-default` does it: what else lies there stays.
    (tmp_path / "a" / "MODEL_CARD.md").write_text("a card")
    model = export(third, tmp_path / "a", replace(BARE, overwrite=True))

    assert (bare.thresholds, bare.model_id[:5]) == ((), "mine-")
    assert told(tmp_path / "a") == ["first", "second", "third"]
    assert model.manifest.licence == "CC0"
    assert (tmp_path / "a" / "training" / "calibration.txt").read_text() == "person1/1.jpg\n"
    assert (tmp_path / "a" / "MODEL_CARD.md").read_text() == "a card"

    # Other weights lie where the third began now; its history is its own.
    export(third, tmp_path / "a", replace(BARE, overwrite=True, mirror=True))
    assert told(tmp_path / "a") == ["first", "second", "third"]

    # Bare weights in its place have no history of their own, and get none of another's.
    weights = second / "weights.safetensors"
    export_artifact(weights, tmp_path / "a", ExportConfig(name="bare", overwrite=True))
    assert not (tmp_path / "a" / "training").exists()
    assert (tmp_path / "a" / "MODEL_CARD.md").exists()


def test_what_is_no_finished_run_is_refused(short_run: TrainConfig, tmp_path: Path) -> None:
    with pytest.raises(FileMissing, match="no run at"):
        export(tmp_path, tmp_path / "model")
    train(short_run, tmp_path / "run")
    with pytest.raises(ArgumentInvalid, match="no model folder"):
        export(tmp_path / "run", tmp_path / "run", replace(BARE, overwrite=True))
    # Weights of before are none of the run that goes on.
    with pytest.raises(Killed):
        train(replace(short_run, steps=9), tmp_path / "run", killed)
    with pytest.raises(FileMissing, match="is not finished"):
        export(tmp_path / "run", tmp_path / "model")
    (tmp_path / "run" / "weights.earlier.safetensors").rename(
        tmp_path / "run" / "weights.safetensors"
    )
    write_crops(Path(short_run.crops), identities=8, unlabelled=4, seed=1)
    with pytest.raises(StateError, match=r"more\.zip are others now than the run was trained on"):
        export(tmp_path / "run", tmp_path / "model")
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize(
    ("loss", "text"),
    [
        (
            LossConfig(weight=0.01, distillation_weight=1.0),
            "arcface (margin_rad 0.5, scale 64) x 0.01 + distillation x 1",
        ),
        (LossConfig(weight=0.0, distillation_weight=2.0), "distillation x 2"),
        (LossConfig(name="cosface"), "cosface (cosine_margin 0.4, scale 64) x 1"),
    ],
)
def test_a_loss_in_words(loss: LossConfig, text: str) -> None:
    values = {name: getattr(loss, name) for name in loss.__dataclass_fields__}
    assert loss_text(values) == text
