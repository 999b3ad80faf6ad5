"""A run's folder belongs to one run and one process, and says what of its config was changed."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from facenet_res.core.errors import (
    ConfigInvalid,
    FileMissing,
    NotWritable,
    RunLocked,
    StateError,
)
from facenet_res.data.crops import open_crops
from facenet_res.train.claim import LOCK_NAME, claimed
from facenet_res.train.config import TrainConfig
from facenet_res.train.loss_config import LossConfig
from facenet_res.train.state import STATE_NAME


def claim(folder: Path, config: TrainConfig) -> dict[str, Any]:
    """Claims, lets go, and returns what the folder says then."""
    with open_crops(Path(config.crops)) as crops, claimed(folder, config, crops):
        pass
    return dict(json.loads((folder / "config.json").read_text("utf-8")))


def learn(folder: Path, step: int) -> None:
    """A state as a run leaves one after so many steps."""
    progress = {"progress": json.dumps({"step": step})}
    save_file({"0000": np.zeros(1)}, folder / STATE_NAME, progress)


def with_rate(config: TrainConfig, rate: float) -> TrainConfig:
    return replace(config, optimizer=replace(config.optimizer, learning_rate=rate))


def test_rate_and_length_may_change_and_the_folder_says_when(
    tiny_run: TrainConfig, tmp_path: Path
) -> None:
    claim(tmp_path, tiny_run)
    learn(tmp_path, 3)
    claim(tmp_path, replace(tiny_run, steps=9))
    learn(tmp_path, 5)
    lower = with_rate(replace(tiny_run, steps=9), 1e-4)
    record = claim(tmp_path, lower)

    rate = tiny_run.optimizer.learning_rate
    assert record["changes"] == [
        {"step": 3, "steps": [6, 9]},
        {"step": 5, "optimizer.learning_rate": [rate, 1e-4]},
    ]
    assert claim(tmp_path, lower) == record


def test_fewer_steps_than_are_done_are_refused(tiny_run: TrainConfig, tmp_path: Path) -> None:
    claim(tmp_path, tiny_run)
    learn(tmp_path, 5)
    with pytest.raises(ConfigInvalid, match="at least the 5 that are done, got 4"):
        claim(tmp_path, replace(tiny_run, steps=4))
    assert claim(tmp_path, replace(tiny_run, steps=5))["config"] == json.loads(
        json.dumps(replace(tiny_run, steps=5).to_dict())
    )


def test_what_else_differs_is_named_with_both_values(tiny_run: TrainConfig, tmp_path: Path) -> None:
    before = claim(tmp_path, tiny_run)
    learn(tmp_path, 1)
    wide = replace(tiny_run, model=replace(tiny_run.model, embedding_dim=1024))
    dim = tiny_run.model.embedding_dim
    with pytest.raises(
        StateError, match=rf"its model\.embedding_dim is {dim}, not 1024; only augment"
    ):
        claim(tmp_path, wide)
    assert json.loads((tmp_path / "config.json").read_text("utf-8")) == before


def test_another_teacher_under_the_same_name_is_noticed(
    tiny_run: TrainConfig, tmp_path: Path
) -> None:
    teacher, folder = tmp_path / "teacher.onnx", tmp_path / "run"
    taught = replace(tiny_run, teachers=(str(teacher),), loss=LossConfig(distillation_weight=1.0))
    with pytest.raises(FileMissing, match=r"no file .*teacher\.onnx"):
        claim(folder, taught)
    teacher.write_bytes(b"one")
    claim(folder, taught)
    learn(folder, 1)
    claim(folder, taught)
    teacher.write_bytes(b"another")
    with pytest.raises(StateError, match=r"changed since it began: .*teacher\.onnx\)"):
        claim(folder, taught)


def test_a_run_goes_on_whatever_lies_at_its_start_until_it_is_finished(
    tiny_run: TrainConfig, tmp_path: Path
) -> None:
    start, folder = tmp_path / "start.safetensors", tmp_path / "run"
    further = replace(tiny_run, start=str(start))
    start.write_bytes(b"one")
    began = claim(folder, further)["files_sha256"]
    learn(folder, 1)
    start.write_bytes(b"another")
    assert claim(folder, replace(further, steps=5))["files_sha256"] == began

    learn(folder, 5)
    with pytest.raises(StateError, match="finished run that began with other weights than"):
        claim(folder, replace(further, steps=5))
    assert claim(folder, replace(further, steps=9))["files_sha256"] == began
    start.unlink()
    assert claim(folder, replace(further, steps=9))["files_sha256"] == began


def test_a_run_of_before_its_start_was_noted_is_told_none(
    tiny_run: TrainConfig, tmp_path: Path
) -> None:
    further = replace(tiny_run, start="default")
    record = claim(tmp_path, further)
    assert len(record["files_sha256"]) == 1
    (tmp_path / "config.json").write_text(json.dumps({**record, "files_sha256": {}}))
    learn(tmp_path, 1)
    assert claim(tmp_path, replace(further, steps=9))["files_sha256"] == {}


def test_a_folder_in_which_no_step_was_done_is_free(tiny_run: TrainConfig, tmp_path: Path) -> None:
    wide = replace(tiny_run, model=replace(tiny_run.model, embedding_dim=1024))
    claim(tmp_path, tiny_run)
    learn(tmp_path, 0)
    (tmp_path / ".state.safetensors.1.tmp").write_bytes(b"of a killed process")
    claim(tmp_path, tiny_run)
    assert (tmp_path / STATE_NAME).exists()
    claim(tmp_path, wide)
    assert sorted(path.name for path in tmp_path.glob("*state*")) == []
    assert not (tmp_path / ".state.safetensors.1.tmp").exists()


def test_a_run_of_before_files_were_noted_goes_on(tiny_run: TrainConfig, tmp_path: Path) -> None:
    record = claim(tmp_path, tiny_run)
    del record["files_sha256"]
    (tmp_path / "config.json").write_text(json.dumps(record))
    learn(tmp_path, 1)
    claim(tmp_path, tiny_run)


def test_one_process_trains_in_a_folder(tiny_run: TrainConfig, tmp_path: Path) -> None:
    with open_crops(Path(tiny_run.crops)) as crops:
        with (
            claimed(tmp_path, tiny_run, crops),
            pytest.raises(RunLocked, match=f"the run {tmp_path} is open in process {os.getpid()}"),
        ):
            claim(tmp_path, tiny_run)
        # It is free again, also where it was refused.
        (tmp_path / "config.json").write_text("{}")
        learn(tmp_path, 1)
        with pytest.raises(StateError, match=r"config\.json is damaged: 'config'"):
            claim(tmp_path, tiny_run)
        (tmp_path / STATE_NAME).unlink()
        claim(tmp_path, tiny_run)


def test_a_folder_that_cannot_be_is_said(tiny_run: TrainConfig, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    with pytest.raises(NotWritable, match="is no folder"):
        claim(tmp_path / "file", tiny_run)
    (tmp_path / "run" / LOCK_NAME).mkdir(parents=True)
    with pytest.raises(NotWritable, match=LOCK_NAME):
        claim(tmp_path / "run", tiny_run)
