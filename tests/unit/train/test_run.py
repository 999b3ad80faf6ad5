"""A run learns, leaves what it should, and refuses what does not belong to it."""

import dataclasses
import json
import math
import zipfile
from pathlib import Path

import numpy as np
import pytest

from facenet_res.core.errors import (
    ConfigInvalid,
    DataInvalid,
    FileMissing,
    ModelMismatch,
    StateError,
)
from facenet_res.imaging.encode import encode_jpeg
from facenet_res.models.checkpoint import read_config, read_tensors
from facenet_res.train.config import PairsConfig, TrainConfig
from facenet_res.train.loop import Progress
from facenet_res.train.loss_config import LossConfig
from facenet_res.train.optimizer_config import OptimizerConfig
from facenet_res.train.run import train
from tests.artifacts import smooth_faces


def test_a_run_leaves_weights_a_config_a_log_and_a_page(
    tiny_run: TrainConfig, tmp_path: Path
) -> None:
    seen: list[int] = []

    end = train(tiny_run, tmp_path / "run", lambda progress: seen.append(progress.step))

    assert seen == [1, 2, 3, 4, 5, 6]
    assert 0.0 <= end.validation <= 1.0
    assert read_config(tmp_path / "run" / "weights.safetensors") == tiny_run.model
    rows = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows if "validation_tar" in row] == [3, 6]
    page = (tmp_path / "run" / "report.html").read_text()
    assert "held-out people: TAR at FAR 1e-3" in page
    assert "<svg" in page
    assert "SHA-256 of the data" in page
    assert list((tmp_path / "run" / "events").glob("events.out.tfevents.*"))


def test_held_out_people_without_a_pair_are_refused_at_the_start(
    tiny_run: TrainConfig, tmp_path: Path
) -> None:
    alone = dataclasses.replace(tiny_run, held_out_identities=1)

    with pytest.raises(DataInvalid, match="1 with at most 6 readable crops"):
        train(alone, tmp_path / "run")


def test_a_folder_in_which_nothing_was_learned_is_free(
    tiny_run: TrainConfig, tmp_path: Path
) -> None:
    with pytest.raises(DataInvalid, match="cannot hold out"):
        train(dataclasses.replace(tiny_run, held_out_unlabelled=99), tmp_path / "run")

    assert train(dataclasses.replace(tiny_run, steps=1), tmp_path / "run").step == 1


def test_a_folder_of_another_run_is_refused(tiny_run: TrainConfig, tmp_path: Path) -> None:
    train(dataclasses.replace(tiny_run, steps=1), tmp_path / "run")

    larger = dataclasses.replace(tiny_run.input, batch_size=16)
    with pytest.raises(StateError, match=r"another config: its input\.batch_size is 8, not 16"):
        train(dataclasses.replace(tiny_run, steps=1, input=larger), tmp_path / "run")


def test_a_damaged_crop_is_replaced_and_told_at_the_end(
    tiny_run: TrainConfig, tmp_path: Path
) -> None:
    folder = tmp_path / "faces"
    with zipfile.ZipFile(tiny_run.crops) as file:
        file.extractall(folder)
    for name in ("person1/1.jpg", "person2/2.jpg", "person3/3.jpg", "person4/1.jpg"):
        (folder / name).write_bytes(b"damaged")
    config = dataclasses.replace(tiny_run, crops=str(folder))

    end = train(config, tmp_path / "run")

    lines = (tmp_path / "run" / "skipped.txt").read_text("utf-8").splitlines()
    assert end.step == 6
    assert end.skipped == len(lines) == 4
    assert any(line.startswith("person2/2.jpg\tcrop person2/2.jpg is unreadable") for line in lines)


def test_missing_crops_are_named(tiny_run: TrainConfig, tmp_path: Path) -> None:
    with pytest.raises(FileMissing, match=r"gone\.zip"):
        train(dataclasses.replace(tiny_run, crops=str(tmp_path / "gone.zip")), tmp_path / "run")


def test_distillation_without_a_teacher_is_refused(tiny_run: TrainConfig) -> None:
    with pytest.raises(ConfigInvalid, match="go together"):
        dataclasses.replace(tiny_run, loss=LossConfig(distillation_weight=1.0))


def test_progress_starts_without_a_figure() -> None:
    assert math.isnan(Progress(0, 1, 0.0).validation)


def test_a_run_begins_with_the_weights_it_is_given(tiny_run: TrainConfig, tmp_path: Path) -> None:
    train(dataclasses.replace(tiny_run, steps=1), tmp_path / "first")
    start = tmp_path / "first" / "weights.safetensors"
    slow = OptimizerConfig(learning_rate=1e-9, warmup_steps=1)
    further = dataclasses.replace(tiny_run, start=str(start), steps=1, optimizer=slow)

    train(further, tmp_path / "second")

    before, after = (
        read_tensors(tmp_path / name / "weights.safetensors") for name in ("first", "second")
    )
    for key in (key for key in before if key.endswith("kernel")):
        np.testing.assert_allclose(after[key], before[key], atol=1e-6)
    other = dataclasses.replace(further, start="default")
    with pytest.raises(ModelMismatch, match="another network"):
        train(other, tmp_path / "third")


def test_a_run_on_the_device_ends_and_is_judged_on_pairs(
    tiny_run: TrainConfig, tmp_path: Path
) -> None:
    photographs = tmp_path / "photos"
    for name in ("ada", "bob"):
        for number in (1, 2):
            path = photographs / name / f"{name}_{number:04d}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encode_jpeg(smooth_faces(1, seed=number)[0]))
    pair = "ada\t1\t2\nada\t1\tbob\t1\n"
    (tmp_path / "pairs.txt").write_text("2\t1\n" + pair * 2)
    config = dataclasses.replace(
        tiny_run,
        steps=2,
        input=dataclasses.replace(tiny_run.input, place="device"),
        pairs=PairsConfig(images=str(photographs), file=str(tmp_path / "pairs.txt"), every=1),
    )

    end = train(config, tmp_path / "run")

    assert end.pairs in (0.0, 0.5, 1.0)
    rows = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert sum("pairs_accuracy" in row for row in rows) == 2
